package payment

func normaliseZapier(delivery) ([]Event, error) { return nil, &Unreadable{} }

func verifyZapier(proof) error { return &Refused{Reason: ReasonNoProof} }

func signZapier(_ string, body []byte) Signed { return Signed{Body: body} }

func (t rehearsal) zapier() []byte { return []byte(t.product + t.email) }
