package ghost

import (
	"context"
	"fmt"
	"net/http"
)

// Unsubscribe ends all newsletters of a member. Doing it twice is doing it once.
// Ghost sends a member.edited webhook if there was a newsletter to end. The
// error is ErrNotFound if there is no such member; a call that races a delete
// may get a 500 instead, which is Transient.
//
// Ghost replaces what a PUT names and leaves alone what it does not, so nothing
// but the newsletters is sent: labels or tiers would overwrite what others
// change meanwhile, and a `comped` that was read and sent back makes a
// subscription in Stripe (TryGhost/Ghost#25735).
func (c *Client) Unsubscribe(ctx context.Context, id string) error {
	const op = "unsubscribe"
	if !ValidID(id) {
		return fmt.Errorf("ghost %s: %w", op, ErrInvalidMember)
	}
	type newsletters struct {
		Newsletters []string `json:"newsletters"`
	}
	call := call{
		op: op, method: http.MethodPut, path: "members/" + id + "/", bytes: maxSingle,
		send: map[string][]newsletters{"members": {{Newsletters: []string{}}}},
	}
	f, err := c.single(ctx, call, id)
	if err != nil {
		return err
	}
	if f.Subscribed.Value {
		return call.unreadable(errStillOn)
	}
	return nil
}
