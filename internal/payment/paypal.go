package payment

func normalisePayPal(delivery) ([]Event, error) { return nil, &Unreadable{} }

func (t rehearsal) payPal() []byte { return []byte(t.product + t.email) }
