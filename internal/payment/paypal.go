package payment

func normalisePayPal(delivery) ([]Event, error) { return nil, &Unreadable{} }
