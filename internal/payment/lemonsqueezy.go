package payment

func normaliseLemonSqueezy(delivery) ([]Event, error) { return nil, &Unreadable{} }

func (t rehearsal) lemonSqueezy() []byte { return []byte(t.product + t.email) }
