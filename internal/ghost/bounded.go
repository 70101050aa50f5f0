package ghost

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
)

// bounded is a body of which so many bytes may be read, in all and for the value
// that is being read; one more is errTooLarge. It counts behind the
// decompression, so that a small answer cannot unfold into a large one.
type bounded struct {
	from  io.Reader
	all   int64 // bytes left, and one
	value int64 // bytes left, and one, until nextValue
	err   error // why the body could not be read to its end, if it could not
	// endless is whether nothing but the end of the connection ends the body, so
	// that one which was cut looks whole.
	endless bool
}

func limit(body io.Reader, bytes int64) *bounded {
	return &bounded{from: body, all: bytes + 1, value: bytes + 1}
}

// endless says so of an answer with neither a length nor chunks. Compression
// has an end of its own, which is checked, and HTTP/2 always has one.
func endless(resp *http.Response) bool {
	return resp.ProtoMajor == 1 && resp.ContentLength < 0 && len(resp.TransferEncoding) == 0 && !resp.Uncompressed
}

// nextValue allows maxRecord bytes for what comes next. A decoder holds a value
// in memory until it is whole; what it has read ahead counts for none.
func (b *bounded) nextValue() { b.value = maxRecord + 1 }

func (b *bounded) Read(p []byte) (int, error) {
	left := min(b.all, b.value)
	if left <= 0 {
		b.err = errTooLarge
		return 0, errTooLarge
	}
	n, err := b.from.Read(p[:min(int64(len(p)), left)])
	b.all -= int64(n)
	b.value -= int64(n)
	if int64(n) == left {
		err = errTooLarge
	}
	if err != nil && !errors.Is(err, io.EOF) {
		b.err = err
	}
	return n, err
}

// into is a decoder that fills v with the one JSON value that the body must be.
func into(v any) decoder {
	return func(_ context.Context, body *bounded) error {
		dec := json.NewDecoder(body)
		if dec.Decode(v) != nil {
			return errNotJSON
		}
		return ended(dec)
	}
}

// ended refuses what comes behind the value of a body.
func ended(dec *json.Decoder) error {
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errNotJSON
	}
	return nil
}

// expect takes the next bracket or brace, which must be d.
func expect(dec *json.Decoder, d json.Delim) error {
	if got, err := dec.Token(); err != nil || got != d {
		return errNotJSON
	}
	return nil
}
