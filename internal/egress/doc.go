// Package egress decides where this program may connect to. It is for every
// outbound HTTP request: to Ghost, to Campaign Monitor, to payment providers, to
// alert receivers.
//
// It promises that no request leaves for a metadata service or a link-local
// address, whatever the settings say; for a private address only where the
// policy allows it; and over plain http only where the policy allows it. The
// promise is kept three times: when a URL is read (CheckURL), on every request
// and redirect, and on the concrete address of every dial, because a name may
// resolve to another address later. Proxies of the environment (HTTP_PROXY and
// its kin) are never used: behind one, the address that is dialled is not the
// address that is reached.
//
// It leaves to others which URLs exist and what is said to them.
package egress
