package payment

func normaliseStripe(delivery) ([]Event, error) { return nil, &Unreadable{} }

func (t rehearsal) stripe() []byte { return []byte(t.product + t.email) }
