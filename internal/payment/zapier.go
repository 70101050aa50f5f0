package payment

func normaliseZapier(delivery) ([]Event, error) { return nil, &Unreadable{} }

func verifyZapier(proof) error { return &Refused{Reason: ReasonNoProof} }
