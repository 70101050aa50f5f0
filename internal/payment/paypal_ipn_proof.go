package payment

import (
	"slices"
	"strings"
)

// IPNPostBack is what PayPal is asked to verify: the message as it came, byte by byte,
// behind the command. Any other order, charset or escaping is INVALID.
func IPNPostBack(body []byte) []byte {
	return append([]byte("cmd=_notify-validate&"), body...)
}

// IPNSandbox says whether a message claims to come from PayPal's sandbox, which is
// then the one to ask. The claim needs no proof: the sandbox verifies its own only,
// and so does PayPal.
func IPNSandbox(body []byte) bool {
	f, ok := readIPN(body)
	return ok && f.get("test_ipn") == "1"
}

// CheckReceiver says whether the money of a message came to one of our accounts (an
// e-mail address or a PayPal id): nil, or *Refused. PayPal verifies messages of anybody's
// account, so that without this check a payment to the buyer's own would do.
func CheckReceiver(receivers []string, body []byte) error {
	f, ok := readIPN(body)
	if !ok {
		return &Refused{Reason: ReasonMalformed}
	}
	if len(receivers) == 0 {
		return &Refused{Reason: ReasonNoProof}
	}
	fields := []string{"receiver_id", "receiver_email", "business"}
	if f.get("txn_type") == "masspay" {
		fields = []string{"payer_id", "payer_email"} // we paid
	}
	named := f.present(fields...)
	if len(named) == 0 {
		return &Refused{Reason: ReasonMissing}
	}
	for _, r := range receivers {
		r = strings.TrimSpace(r)
		if slices.ContainsFunc(named, func(n string) bool { return strings.EqualFold(n, r) }) {
			return nil
		}
	}
	return &Refused{Reason: ReasonMismatch}
}
