package payment

func normaliseGumroad(delivery) ([]Event, error) { return nil, &Unreadable{} }

func verifyGumroad(proof) error { return &Refused{Reason: ReasonNoProof} }
