package server

// Replace answers requests that come from now on as o says, and lets those in
// flight end as they began. Of o it takes what answers are made from: the
// handlers, the sites, the vitals, the metrics and their token, and the trusted
// proxies. The log, the timeouts and the numbers of connections stay.
func (s *Server) Replace(o Options) {
	o = o.withDefaults()
	s.capacity.trust(o.TrustedProxies)
	s.router.Store(newRouter(o))
}
