package store

import (
	"context"
	"slices"

	"github.com/redis/go-redis/v9"
)

// candid gives the commands of a pipeline that could not be sent the error of why.
// go-redis leaves them as if they had found nothing when it was Redis that refused
// the connection (a changed password, a user without rights): a member would look
// like one that was never seen.
type candid struct{}

func (candid) DialHook(next redis.DialHook) redis.DialHook          { return next }
func (candid) ProcessHook(next redis.ProcessHook) redis.ProcessHook { return next }

func (candid) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		err := next(ctx, cmds)
		if err != nil && !slices.ContainsFunc(cmds, func(c redis.Cmder) bool { return c.Err() != nil }) {
			for _, c := range cmds {
				c.SetErr(err)
			}
		}
		return err
	}
}
