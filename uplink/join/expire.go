package join

import (
	"context"
	"time"

	"vigil/uplink/store"
)

// expiry is how often a cluster is told to delete what was kept long enough. The store in
// this process does so by itself.
const expiry = 6 * time.Hour

func (v *Server) expire(ctx context.Context) error {
	c, ok := v.store.(*store.Cluster)
	if !ok {
		return nil
	}
	for {
		if err := c.Expire(ctx, time.Now()); err != nil && ctx.Err() == nil {
			v.Log.Error("what was kept long enough is not deleted", "error", err)
		}
		if sleep(ctx, expiry) != nil {
			return nil
		}
	}
}
