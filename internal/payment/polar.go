package payment

func normalisePolar(delivery) ([]Event, error) { return nil, &Unreadable{} }

func verifyPolar(proof) error { return &Refused{Reason: ReasonNoProof} }
