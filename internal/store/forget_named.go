package store

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/ghostcm/ghostcm/internal/member"
)

// findNamed finds what lies under a key that is made of an id or an address.
func (s *Store) findNamed(ctx context.Context, e Erasure, f *finds) error {
	for kind, keys := range e.namedKeys() {
		there, err := s.existing(ctx, keys)
		if err != nil {
			return err
		}
		for _, key := range there {
			f.key(kind, key)
		}
	}
	if err := errors.Join(s.findMembers(ctx, e, f), s.findAddresses(ctx, e, f)); err != nil {
		return err
	}
	for _, id := range e.IDs {
		name := waitingName(e.Site, id)
		f.ranked[waitingKey] = append(f.ranked[waitingKey], name)
		f.ranked[arrivedKey] = append(f.ranked[arrivedKey], name)
		f.grouped[touchedKey(e.Site)] = append(f.grouped[touchedKey(e.Site)], id)
	}
	for day := range 4 { // from tomorrow of a clock that is ahead to the end of what is kept
		key := vanishedKey(e.Site, s.now().AddDate(0, 0, 1-day))
		for _, id := range e.IDs {
			in, err := s.redis.SIsMember(ctx, key, id).Result()
			if err != nil {
				return err
			}
			if in {
				f.Counts["removals_counted"]++
				f.grouped[key] = append(f.grouped[key], id)
			}
		}
	}
	return nil
}

func (e Erasure) namedKeys() map[string][]string {
	named := map[string][]string{}
	add := func(kind, key string) { named[kind] = append(named[kind], key) }
	for _, id := range e.IDs {
		add("events_waiting", inboxKey(e.Site, id))
		add("events_waiting", optOutKey(e.Site, id))
		add("grants", grantKey(e.Site, id))
	}
	for _, email := range e.Emails {
		add("grants", grantKey(e.Site, "a:"+member.AddressHash(email)))
	}
	return named
}

// findMembers finds what is remembered of the members. A mark that one was deleted is
// nothing more to be erased.
func (s *Store) findMembers(ctx context.Context, e Erasure, f *finds) error {
	for _, id := range e.IDs {
		raw, err := s.redis.Get(ctx, memberKey(e.Site, id)).Bytes()
		if errors.Is(err, redis.Nil) {
			continue
		}
		if err != nil {
			return err
		}
		m, err := member.MemoryOf(raw)
		if mark := markOf(m); err == nil && m.DeletedAt != 0 && bytes.Equal(mark.Record(), raw) {
			continue
		}
		f.key("members", memberKey(e.Site, id))
	}
	return nil
}

// findAddresses finds what is remembered of addresses, which share hashes.
func (s *Store) findAddresses(ctx context.Context, e Erasure, f *finds) error {
	hashes := slices.Clone(e.Owned)
	for _, email := range e.Emails {
		hashes = append(hashes, addressHash(email))
	}
	for _, hash := range slices.Compact(slices.Sorted(slices.Values(hashes))) {
		key, field := addressOfHash(e.Site, hash)
		there, err := s.redis.HExists(ctx, key, field).Result()
		if err != nil {
			return err
		}
		if there {
			f.fields[key] = append(f.fields[key], field)
			f.Counts["addresses"]++
		}
	}
	return nil
}

// hashes are by what listings know the addresses.
func (e Erasure) hashes() map[string]bool {
	all := map[string]bool{}
	for _, email := range e.Emails {
		all[member.AddressHash(email)] = true
	}
	return all
}

// findActivity finds entries that concern the person.
func (s *Store) findActivity(ctx context.Context, e Erasure, f *finds) error {
	key, start, hashes := activityKey(e.Site), "-", e.hashes()
	for {
		page, err := s.redis.XRangeN(ctx, key, start, "+", activityPage).Result()
		if err != nil {
			return err
		}
		for _, m := range page {
			a := activityOf(e.Site, m)
			if a.Event == e.Keep {
				continue
			}
			if slices.Contains(e.IDs, a.MemberID) || hashes[a.EmailHash] || slices.ContainsFunc(a.EventIDs, f.mentions) {
				f.entries[key] = append(f.entries[key], m.ID)
				f.Counts["activity"]++
			}
		}
		if len(page) < activityPage {
			return nil
		}
		start = "(" + page[len(page)-1].ID
	}
}

// ActiveAs are the ids of members whom the activity knows by one of the addresses: an
// address that was given up leads to them no other way.
func (s *Store) ActiveAs(ctx context.Context, site string, emails []string) (ids []string, err error) {
	e, key, start := Erasure{Emails: emails}, activityKey(site), "-"
	hashes := e.hashes()
	for {
		page, err := s.redis.XRangeN(ctx, key, start, "+", activityPage).Result()
		if err != nil {
			return nil, fmt.Errorf("looking through the activity: %w", err)
		}
		for _, m := range page {
			if a := activityOf(site, m); a.MemberID != "" && hashes[a.EmailHash] && !slices.Contains(ids, a.MemberID) {
				ids = append(ids, a.MemberID)
			}
		}
		if len(page) < activityPage {
			return ids, nil
		}
		start = "(" + page[len(page)-1].ID
	}
}

// mentions is of the ids that activity names: those of purchases and deliveries.
func (f *finds) mentions(id string) bool {
	return slices.Contains(f.Purchases, id) || slices.Contains(f.Deliveries, id)
}

// findCensus has the site's census go as a whole where the person is in it: the next
// catch-up then walks all members, and keeps one without them.
func (s *Store) findCensus(ctx context.Context, e Erasure, f *finds) error {
	index, found, err := s.censusIndex(ctx, e.Site)
	if err != nil || !found {
		return err
	}
	for part := range slices.Chunk(chunkKeys(e.Site, index.Chunks), chunksAtOnce) {
		chunks, err := s.redis.MGet(ctx, part...).Result()
		if err != nil {
			return err
		}
		for _, c := range chunks {
			if chunk, _ := c.(string); e.inChunk(chunk) {
				f.key("census", censusKey(e.Site))
				f.keys = append(f.keys, chunkKeys(e.Site, index.Chunks)...)
				return nil
			}
		}
	}
	return nil
}

func (e Erasure) inChunk(chunk string) bool {
	return slices.ContainsFunc(e.IDs, func(id string) bool {
		raw, err := hex.DecodeString(id)
		return err == nil && len(raw) > 0 && bytes.Contains([]byte(chunk), raw)
	})
}

// OwnedAddresses are the hashes of the addresses that are remembered as one of the
// members': also former ones, which nothing names in clear any more. It looks at
// every key of the site.
func (s *Store) OwnedAddresses(ctx context.Context, site string, ids []string) (owned map[string]member.Address, err error) {
	owned = map[string]member.Address{}
	err = s.scan(ctx, addressesKey(site, "*"), func(keys []string) error {
		for _, key := range keys {
			records, err := s.redis.HGetAll(ctx, key).Result()
			if err != nil {
				return err
			}
			for field, raw := range records {
				a, err := member.AddressOf([]byte(raw))
				if err != nil {
					return err
				}
				if slices.Contains(ids, a.Owner) {
					owned[strings.TrimPrefix(key, addressesKey(site, ""))+field] = a
				}
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("looking for a member's addresses: %w", err)
	}
	return owned, nil
}

// InboxAddresses are the addresses, in clear, that a member's waiting events name.
func (s *Store) InboxAddresses(ctx context.Context, site, id string) ([]string, error) {
	entry, err := s.redis.HKeys(ctx, inboxKey(site, id)).Result()
	if err != nil {
		return nil, fmt.Errorf("looking at the inbox: %w", err)
	}
	var emails []string
	for _, field := range entry {
		if email, is := strings.CutPrefix(field, "a:"); is {
			emails = append(emails, email)
		}
	}
	kept, err := s.Kept(ctx, site, id)
	if kept.Email != "" {
		emails = append(emails, kept.Email)
	}
	return emails, err
}

// scanPage is how many keys Redis looks at in one call of a scan.
const scanPage = 1000

// scan visits the keys of a pattern, some at a time; one may come twice.
func (s *Store) scan(ctx context.Context, pattern string, visit func(keys []string) error) error {
	for cursor := uint64(0); ; {
		keys, next, err := s.redis.Scan(ctx, cursor, pattern, scanPage).Result()
		if err != nil {
			return err
		}
		if len(keys) > 0 {
			if err := visit(keys); err != nil {
				return err
			}
		}
		if cursor = next; cursor == 0 {
			return nil
		}
	}
}
