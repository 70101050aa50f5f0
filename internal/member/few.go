package member

import "slices"

// byAddress keeps something for each of a few addresses, by AddressKey. A case
// meets two or three: looking through them is faster than any map.
type byAddress[V any] []struct {
	key   string
	value V
}

func (m byAddress[V]) get(email string) (v V, found bool) {
	for i := range m {
		if m[i].key == email || SameAddress(m[i].key, email) {
			return m[i].value, true
		}
	}
	return v, false
}

func (m *byAddress[V]) put(email string, v V) {
	m.drop(email)
	*m = append(*m, struct {
		key   string
		value V
	}{AddressKey(email), v})
}

func (m *byAddress[V]) drop(email string) {
	key := AddressKey(email)
	for i := range *m {
		if (*m)[i].key == key {
			*m = slices.Delete(*m, i, i+1)
			return
		}
	}
}

// addressSet is a set of a few addresses.
type addressSet []string

func (s addressSet) has(email string) bool {
	return slices.ContainsFunc(s, func(had string) bool { return SameAddress(had, email) })
}

func (s *addressSet) add(email string) {
	if !s.has(email) {
		*s = append(*s, AddressKey(email))
	}
}
