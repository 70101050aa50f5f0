package store

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/ghostcm/ghostcm/internal/member"
)

// censusIndex is what a remembered census consists of. A chunk is kept under
// the hash of its content, so that saving writes only the chunks that changed, and
// what is half written is no part of the census.
type censusIndex struct {
	Members int      `json:"members"`
	Chunks  []string `json:"chunks"`
}

// chunksAtOnce is how many chunks one round trip reads or writes: 2.5 MiB at most.
const chunksAtOnce = 32

// unnamedFor is how long a chunk lives that no index names yet.
const unnamedFor = time.Hour

// LoadCensus returns the site's remembered census; false if there is none, or
// none that is whole.
func (s *Store) LoadCensus(ctx context.Context, site string) (member.Census, bool, error) {
	index, found, err := s.censusIndex(ctx, site)
	if err != nil || !found {
		return member.Census{}, false, err
	}
	census := member.NewCensus(index.Members)
	for hashes := range slices.Chunk(index.Chunks, chunksAtOnce) {
		whole, err := s.loadChunks(ctx, site, hashes, census)
		if err != nil {
			return member.Census{}, false, fmt.Errorf("recalling a census: %w", err)
		}
		if !whole { // it would pass for a site whose members are gone
			return member.Census{}, false, s.forgetCensus(ctx, site)
		}
	}
	return census.Census(), true, nil
}

func (s *Store) censusIndex(ctx context.Context, site string) (index censusIndex, found bool, err error) {
	raw, err := s.redis.Get(ctx, censusKey(site)).Bytes()
	if errors.Is(err, redis.Nil) {
		return index, false, nil
	}
	if err == nil {
		err = json.Unmarshal(raw, &index)
	}
	if err != nil {
		return index, false, fmt.Errorf("recalling a census: %w", err)
	}
	return index, true, nil
}

func (s *Store) loadChunks(ctx context.Context, site string, hashes []string, into *member.CensusBuilder) (whole bool, err error) {
	pipe := s.redis.Pipeline()
	var answers []*redis.StringCmd
	for _, hash := range hashes {
		answers = append(answers, pipe.Get(ctx, chunkKey(site, hash)))
	}
	_, _ = pipe.Exec(ctx) // each answer has its own error
	for i, answer := range answers {
		chunk, err := answer.Bytes()
		if err != nil && !errors.Is(err, redis.Nil) {
			return false, err
		}
		if chunkHash(chunk) != hashes[i] { // also of none
			return false, nil
		}
		if err := into.AddChunk(chunk); err != nil {
			return false, err
		}
	}
	return true, nil
}

// forgetCensus has the next census written whole.
func (s *Store) forgetCensus(ctx context.Context, site string) error {
	if err := s.redis.Unlink(ctx, censusKey(site)).Err(); err != nil {
		return fmt.Errorf("forgetting a census that is not whole: %w", err)
	}
	return nil
}

// nameCensus makes an index the site's, unless one of its chunks is not there.
//
//	KEYS census, chunks …   ARGV index
//	returns 1 and the index before, or 0
var nameCensus = redis.NewScript(`
for i = 2, #KEYS do
  if redis.call('exists', KEYS[i]) == 0 then return {0, ''} end
end
for i = 2, #KEYS do redis.call('persist', KEYS[i]) end
local old = redis.call('get', KEYS[1]) or ''
redis.call('set', KEYS[1], ARGV[1])
return {1, old}`)

// errCensusRaced means that two processes save a site's census at once, which
// the run's lock forbids.
var errCensusRaced = errors.New("another process saves the census of this site too")

// SaveCensus remembers a site's census in place of the one before, which stands,
// whole, until the new one is. Members who are as they were cost nothing.
func (s *Store) SaveCensus(ctx context.Context, site string, c member.Census) error {
	before, _, err := s.censusIndex(ctx, site)
	if err != nil {
		return err
	}
	index, err := s.writeChunks(ctx, site, c, before.Chunks)
	if err != nil {
		return fmt.Errorf("keeping a census: %w", err)
	}
	raw, err := json.Marshal(index)
	if err != nil {
		return fmt.Errorf("keeping a census: %w", err)
	}
	named, err := nameCensus.Run(ctx, s.redis, append([]string{censusKey(site)}, chunkKeys(site, index.Chunks)...), raw).Slice()
	if err != nil {
		return fmt.Errorf("keeping a census: %w", err)
	}
	if done, _ := named[0].(int64); done == 0 {
		return errors.Join(errCensusRaced, s.forgetCensus(ctx, site))
	}
	old, _ := named[1].(string)
	return s.dropChunks(ctx, site, old, index.Chunks)
}

// writeChunks writes the chunks that are not known yet, and returns the index.
func (s *Store) writeChunks(ctx context.Context, site string, c member.Census, known []string) (censusIndex, error) {
	index, pipe := censusIndex{Members: c.Len()}, s.redis.Pipeline()
	have := map[string]bool{}
	for _, hash := range known {
		have[hash] = true
	}
	for chunk := range c.Chunks() {
		hash := chunkHash(chunk)
		index.Chunks = append(index.Chunks, hash)
		if have[hash] {
			continue
		}
		pipe.Set(ctx, chunkKey(site, hash), slices.Clone(chunk), unnamedFor)
		if pipe.Len() == chunksAtOnce {
			if _, err := pipe.Exec(ctx); err != nil {
				return index, err
			}
		}
	}
	_, err := pipe.Exec(ctx)
	return index, err
}

// dropChunks removes those of an index' chunks that the next one has not.
func (s *Store) dropChunks(ctx context.Context, site, old string, keep []string) error {
	var index censusIndex
	if json.Unmarshal([]byte(old), &index) != nil { // there was none
		return nil
	}
	kept := map[string]bool{}
	for _, hash := range keep {
		kept[hash] = true
	}
	gone := slices.DeleteFunc(index.Chunks, func(hash string) bool { return kept[hash] })
	for hashes := range slices.Chunk(gone, chunksAtOnce) {
		if err := s.redis.Unlink(ctx, chunkKeys(site, hashes)...).Err(); err != nil {
			return fmt.Errorf("dropping an old census: %w", err)
		}
	}
	return nil
}

func chunkKeys(site string, hashes []string) []string {
	keys := make([]string, len(hashes))
	for i, hash := range hashes {
		keys[i] = chunkKey(site, hash)
	}
	return keys
}

// chunkHash is 96 bits of SHA-256.
func chunkHash(chunk []byte) string {
	sum := sha256.Sum256(chunk)
	return base64.RawURLEncoding.EncodeToString(sum[:12])
}
