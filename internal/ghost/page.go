package ghost

import (
	"context"
	"encoding/json"
	"errors"
)

// Bounds of what an answer holds. A member with 500 labels has 75 KiB.
const (
	maxRecord = 1 << 20 // bytes
	maxNamed  = 10_000  // labels, tiers or newsletters of a member
	maxKeys   = 100     // beside members and meta there are none today
)

// page is an answer with members: one page of them, or a single one.
type page struct {
	Members []memberJSON
	Meta    meta
}

type meta struct {
	Pagination struct {
		Limit int  `json:"limit"`
		Total *int `json:"total"`
	} `json:"pagination"`
}

// members makes a call that answers with members, most at most.
func (c *Client) members(ctx context.Context, call call, most int) (page, error) {
	r := pageReader{most: most}
	if _, err := c.do(ctx, call, r.read); err != nil {
		return page{}, err
	}
	return r.page, nil
}

// pageReader takes an answer apart while it arrives: what has more members than
// were asked for, or one that is too large, is given up there and then, because
// a broken Ghost must not cost the memory that its answer would unfold into.
type pageReader struct {
	most int // members
	page page
	body *bounded
	dec  *json.Decoder
}

func (r *pageReader) read(ctx context.Context, body *bounded) error {
	r.body, r.dec = body, json.NewDecoder(body)
	r.body.nextValue()
	if err := expect(r.dec, '{'); err != nil {
		return err
	}
	for keys := 0; r.dec.More(); keys++ {
		if keys == maxKeys {
			return errTooLarge
		}
		if err := r.readKey(ctx); err != nil {
			return err
		}
	}
	if err := expect(r.dec, '}'); err != nil {
		return err
	}
	if r.page.Members == nil {
		return errNotJSON
	}
	return ended(r.dec)
}

func (r *pageReader) readKey(ctx context.Context) error {
	r.body.nextValue()
	key, err := r.dec.Token()
	if err != nil {
		return errNotJSON
	}
	switch key {
	case "members":
		return r.readMembers(ctx)
	case "meta":
		err = r.dec.Decode(&r.page.Meta)
	default:
		err = r.dec.Decode(&json.RawMessage{})
	}
	if err != nil {
		return errNotJSON
	}
	return nil
}

func (r *pageReader) readMembers(ctx context.Context) error {
	if err := expect(r.dec, '['); err != nil || r.page.Members != nil {
		return errNotJSON
	}
	r.page.Members = make([]memberJSON, 0, r.most)
	for r.dec.More() {
		if err := ctx.Err(); err != nil {
			return err
		}
		if len(r.page.Members) == r.most {
			return errTooMany
		}
		r.body.nextValue()
		m, err := r.readRecord()
		if err != nil {
			return err
		}
		r.page.Members = append(r.page.Members, m)
	}
	r.body.nextValue()
	return expect(r.dec, ']')
}

// readRecord marks a record that cannot be read as broken, so that it does not
// take the 99 others with it. What was read of one by then may be its id.
func (r *pageReader) readRecord() (memberJSON, error) {
	var m memberJSON
	begin := r.dec.InputOffset()
	if err := r.dec.Decode(&m); err != nil {
		if !concernsValue(err) {
			return memberJSON{}, errNotJSON
		}
		m = memberJSON{ID: m.ID, broken: true}
	}
	if r.dec.InputOffset()-begin > maxRecord || max(len(m.Labels), len(m.Tiers), len(m.Newsletters)) > maxNamed {
		return memberJSON{}, errTooLarge
	}
	return m, nil
}

// concernsValue tells JSON with a value of the wrong type from what is no JSON,
// or is cut.
func concernsValue(err error) bool {
	var wrongType *json.UnmarshalTypeError
	return errors.As(err, &wrongType) || errors.Is(err, ErrInvalidMember)
}
