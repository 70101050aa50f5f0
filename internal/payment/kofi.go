package payment

func normaliseKofi(delivery) ([]Event, error) { return nil, &Unreadable{} }

func verifyKofi(proof) error { return &Refused{Reason: ReasonNoProof} }

func signKofi(_ string, body []byte) Signed { return Signed{Body: body} }

func (t rehearsal) kofi() []byte { return []byte(t.product + t.email) }
