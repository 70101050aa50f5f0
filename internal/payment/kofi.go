package payment

func normaliseKofi(delivery) ([]Event, error) { return nil, &Unreadable{} }

func verifyKofi(proof) error { return &Refused{Reason: ReasonNoProof} }
