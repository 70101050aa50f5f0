package payment

func normaliseIPN(delivery) ([]Event, error) { return nil, &Unreadable{} }
