package payment

func normaliseLemonSqueezy(delivery) ([]Event, error) { return nil, &Unreadable{} }

func verifyLemonSqueezy(proof) error { return &Refused{Reason: ReasonNoProof} }
