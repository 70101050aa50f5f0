package payment

func normalisePaddle(delivery) ([]Event, error) { return nil, &Unreadable{} }

func (t rehearsal) paddle() []byte { return []byte(t.product + t.email) }
