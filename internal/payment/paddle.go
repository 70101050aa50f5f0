package payment

func normalisePaddle(delivery) ([]Event, error) { return nil, &Unreadable{} }

func verifyPaddle(proof) error { return &Refused{Reason: ReasonNoProof} }
