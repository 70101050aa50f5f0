package campaignmonitor

import (
	"context"
	"errors"
	"net/http"
	"net/url"
)

// AllClientLists is the UnsubscribeSetting of a list whose unsubscribes reach
// every list of the client and suppress the address.
const AllClientLists = "AllClientLists"

// List is what matters of a list's settings.
type List struct {
	Title string
	// ConfirmedOptIn lists make added people Unconfirmed and mail each of them.
	ConfirmedOptIn bool
	// UnsubscribeSetting is AllClientLists or OnlyThisList.
	UnsubscribeSetting string
}

// CustomField is a field that a list defines.
type CustomField struct {
	Name     string
	Key      string // as the API gives it, in brackets
	DataType string // Text, Number, Date, MultiSelectOne, MultiSelectMany, Country, USState
}

// fieldExists is the code for a field name that the list has already.
const fieldExists = 255

// List reads the settings of a list.
func (c *Client) List(ctx context.Context, list string) (List, error) {
	var j struct {
		Title, UnsubscribeSetting text
		ConfirmedOptIn            bool
	}
	err := c.do(ctx, request{op: OpListRead, method: http.MethodGet, path: listPath(list)}, &j)
	if err != nil {
		return List{}, err
	}
	if j.UnsubscribeSetting == "" { // removals depend on it
		return List{}, unreadable(OpListRead, http.StatusOK)
	}
	return List{Title: string(j.Title), ConfirmedOptIn: j.ConfirmedOptIn, UnsubscribeSetting: string(j.UnsubscribeSetting)}, nil
}

// Fields reads the custom fields of a list.
func (c *Client) Fields(ctx context.Context, list string) ([]CustomField, error) {
	var js elements[struct{ FieldName, Key, DataType text }]
	err := c.do(ctx, request{op: OpFieldsRead, method: http.MethodGet, path: listPath(list) + "/customfields"}, &js)
	if err != nil {
		return nil, err
	}
	var fields []CustomField
	for _, j := range js {
		fields = append(fields, CustomField{Name: string(j.FieldName), Key: string(j.Key), DataType: string(j.DataType)})
	}
	return fields, nil
}

// CreateField adds a custom field to a list and returns its key. A field that
// is there already is a success, whatever its data type; its key is read back.
func (c *Client) CreateField(ctx context.Context, list, name, dataType string) (key string, err error) {
	body := struct {
		FieldName, DataType       string
		VisibleInPreferenceCenter bool
	}{FieldName: name, DataType: dataType}
	err = c.do(ctx, request{op: OpFieldCreate, method: http.MethodPost, path: listPath(list) + "/customfields", body: body}, &key)
	if e, ok := errors.AsType[*Error](err); ok && e.Code == fieldExists {
		return c.existingKey(ctx, list, name, e)
	}
	if err == nil && key == "" {
		err = unreadable(OpFieldCreate, http.StatusCreated)
	}
	return key, err
}

// existingKey finds the key of a field by its name; absent is the error to
// return if the list has none after all.
func (c *Client) existingKey(ctx context.Context, list, name string, absent error) (string, error) {
	fields, err := c.Fields(ctx, list)
	if err != nil {
		return "", err
	}
	for _, f := range fields {
		if NormalizeKey(f.Name) == NormalizeKey(name) {
			return f.Key, nil
		}
	}
	return "", absent
}

// SystemDate returns the account's local time, "2006-01-02 15:04:05". It is the
// cheapest call that proves the key, and the only safe origin of Query.Since.
func (c *Client) SystemDate(ctx context.Context) (string, error) {
	var j struct{ SystemDate string }
	if err := c.do(ctx, request{op: OpSystemDate, method: http.MethodGet, path: "/systemdate"}, &j); err != nil {
		return "", err
	}
	if j.SystemDate == "" {
		return "", unreadable(OpSystemDate, http.StatusOK)
	}
	return j.SystemDate, nil
}

func listPath(list string) string { return "/lists/" + url.PathEscape(list) }
