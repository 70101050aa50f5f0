package payment

func normaliseIPN(delivery) ([]Event, error) { return nil, &Unreadable{} }

func (t rehearsal) ipn() []byte { return []byte(t.product + t.email) }
