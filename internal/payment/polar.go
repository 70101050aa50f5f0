package payment

func normalisePolar(delivery) ([]Event, error) { return nil, &Unreadable{} }

func (t rehearsal) polar() []byte { return []byte(t.product + t.email) }
