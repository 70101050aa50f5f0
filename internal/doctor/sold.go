package doctor

import (
	"fmt"
	"strings"

	"github.com/ghostcm/ghostcm/internal/payment"
)

// remediesOfSold are the states of purchases whose buyer has no access and waits for a
// person, the worst first, with what to do.
var remediesOfSold = [...]struct {
	state  payment.State
	remedy string
}{
	{payment.StateFailed, "mend what keeps Ghost from being written to; then ghostcm payments retry --site %s --state failed"},
	{payment.StateNeedsAttention, "each says what to do: ghostcm payments show --site %s --state needs_attention"},
	{payment.StateUnmapped, "give their products a tier in %sTIERS; what was bought is then granted by itself"},
}

// paymentAccess says whether everybody who paid has access.
func (p *patient) paymentAccess() verdict {
	if len(p.Payments.Providers) == 0 {
		return verdict{}
	}
	counts, err := p.sold()
	if err != nil {
		return notChecked(noRedis)
	}
	var open, remedies []string
	for _, s := range remediesOfSold {
		if n := counts[s.state]; n > 0 {
			of := p.Name
			if s.state == payment.StateUnmapped {
				of = p.Prefix
			}
			open = append(open, fmt.Sprintf("%d %s", n, s.state))
			remedies = append(remedies, fmt.Sprintf(s.remedy, of))
		}
	}
	if len(open) > 0 {
		return warn(strings.Join(remedies, ". "), "somebody paid and has no access: %s", strings.Join(open, ", "))
	}
	return ok("%d give access", counts[payment.StateGranted]+counts[payment.StateEndsAt])
}
