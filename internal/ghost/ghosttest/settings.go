package ghosttest

import "net/http"

// describeConfig is GET /config/, the part of it that an integration uses.
func (s *Server) describeConfig(*http.Request, string) (int, any, *refusal) {
	database := "sqlite3"
	if s.opts.MariaDB {
		database = "mariadb" // what DatabaseInfo of Ghost 6.65.0 calls it; a MySQL is "mysql"
	}
	config := object{
		{"version", s.opts.Version + ".0"}, {"environment", "production"}, {"database", database}, {"mail", "SMTP"},
		{"useGravatar", false}, {"enableDeveloperExperiments", false}, {"stripeDirect", false},
		{"mailgunIsConfigured", false}, {"emailAnalytics", true},
	}
	config = config.with(!s.opts.OldGhost, "security", object{
		{"allowWebhookInternalIPs", true}, {"staffDeviceVerification", false},
	})
	return http.StatusOK, object{{"config", config}}, nil
}

// describeSettings is GET /settings/, the part of it that concerns members.
func (s *Server) describeSettings(*http.Request, string) (int, any, *refusal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	secret, publishable := any(nil), any(nil)
	if s.stripe {
		secret, publishable = "••••••••", "pk_test_abcDEF123456789"
	}
	var rows []object
	for _, p := range (object{
		{"title", s.opts.Title}, {"description", "Thoughts, stories and ideas."}, {"timezone", "Etc/UTC"},
		{"members_signup_access", "all"}, {"members_support_address", "noreply"},
		{"stripe_secret_key", secret}, {"stripe_publishable_key", publishable},
		{"stripe_connect_publishable_key", nil}, {"stripe_connect_secret_key", nil},
		{"members_enabled", true}, {"members_invite_only", false}, {"allow_self_signup", true},
		{"paid_members_enabled", s.stripe},
	}) {
		rows = append(rows, object{{"key", p.key}, {"value", p.value}})
	}
	return http.StatusOK, object{{"settings", rows}, {"meta", object{{"filters", object{}}}}}, nil
}
