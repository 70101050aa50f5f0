package payment

func normaliseStripe(delivery) ([]Event, error) { return nil, &Unreadable{} }

func verifyStripe(proof) error { return &Refused{Reason: ReasonNoProof} }
