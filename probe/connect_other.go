//go:build !linux

package probe

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"
)

func connectOnce(ctx context.Context, peer netip.AddrPort, timeout time.Duration) (Try, time.Duration) {
	return dialOnce(ctx, peer, timeout)
}

// Path is not available here: only Linux hands the routers' answers to a program
// without rights. The error is errors.ErrUnsupported.
func Path(context.Context, string, PathOptions) ([]Hop, error) {
	return nil, fmt.Errorf("tracing the path by TCP needs Linux: %w", errors.ErrUnsupported)
}
