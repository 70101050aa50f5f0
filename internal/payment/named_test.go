package payment

import "testing"

// A shop's metadata has ids and addresses of its own: only what can be Ghost's names a
// member, and the first that does counts.
func TestOnlyWhatCanBeGhostsNamesAMember(t *testing.T) {
	t.Parallel()
	const id, other = "6512f0a1b2c3d4e5f6a7b8c9", "000000000000000000000001"
	for body, want := range map[string]Customer{
		`{"a":{"member_id":"17"}}`:                                                       {},
		`{"a":{"member_id":17,"ghost_email":"no address"}}`:                              {},
		`{"a":{"member_id":"17","ghost_id":"` + id + `"}}`:                               {MemberID: id},
		`{"a":{"ghost_member_id":"` + id + `","member_id":"` + other + `"}}`:             {MemberID: id},
		`{"a":{"ghost_member_id":"` + id + `"},"b":{"ghost_member_id":"` + other + `"}}`: {MemberID: id},
		`{"a":null,"b":{"ghost_email":"jo@example.org"}}`:                                {MemberEmail: "jo@example.org"},
		`{"a":{"email":"jo@example.org"}}`:                                               {},
		`{"a":["x"],"b":"jo@example.org"}`:                                               {},
	} {
		var c Customer
		c.nameMember(parsed(t, body), "a", "b")
		if c != want {
			t.Errorf("%s names %+v, want %+v", body, c, want)
		}
	}
	for reference, want := range map[string]Customer{
		id: {MemberID: id}, "jo@example.org": {MemberEmail: "jo@example.org"}, "user-17": {}, "": {},
		"6512F0A1B2C3D4E5F6A7B8C9": {}, "6512f0a1-b2c3-d4e5-f6a7-b8c900000000": {},
	} {
		var c Customer
		c.nameReference(reference)
		if c != want {
			t.Errorf("%q names %+v, want %+v", reference, c, want)
		}
	}
}
