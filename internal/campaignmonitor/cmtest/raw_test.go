package cmtest_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ghostcm/ghostcm/internal/campaignmonitor/cmtest"
)

// The vendor's clients differ in their headers, in the spelling of properties
// and in what they send for "nothing". The simulator takes what the service takes.
func pythonHeader() http.Header {
	return http.Header{"Content-Type": {"application/json; charset=utf-8"}, "User-Agent": {"createsend-python-9.1.4"}, "Accept-Encoding": {"gzip"}}
}

func rubyHeader() http.Header {
	return http.Header{"Content-Type": {"application/json; charset=utf-8"}, "User-Agent": {"createsend-ruby-6.1.2"}, "Accept": {"*/*"}}
}

type rawStep struct {
	name, method, path, body string
	status                   int
	answer                   string // must begin so
}

// play sends the steps in order; LIST in a path stands for the list.
func play(t *testing.T, b bench, header http.Header, pass string, steps []rawStep) {
	t.Helper()
	for _, s := range steps {
		r := raw{method: s.method, path: "/api/v3.3" + strings.ReplaceAll(s.path, "LIST", b.list), header: header, user: cmtest.DefaultKey, pass: pass, body: s.body}
		status, answer := r.send(t, b.Server)
		if status != s.status || !strings.HasPrefix(answer, s.answer) || s.answer == "" && answer != "" {
			t.Errorf("%s: %d %s, want %d %s", s.name, status, answer, s.status, s.answer)
		}
	}
}

func TestThePythonClientIsServed(t *testing.T) {
	t.Parallel()
	b := setup(t, cmtest.Options{})
	play(t, b, pythonHeader(), "x", []rawStep{
		{"system date", "GET", "/systemdate.json", "", 200, `{"SystemDate":"`},
		{"add", "POST", "/subscribers/LIST.json",
			`{"EmailAddress": "py+1@x.example", "Name": "Py", "CustomFields": [{"Key": "interests", "Value": "magic"}, {"Key": "interests", "Value": "tea"}], "Resubscribe": true, "ConsentToTrack": "Unchanged", "RestartSubscriptionBasedAutoresponders": false}`,
			201, `"py+1@x.example"`},
		{"add again", "POST", "/subscribers/LIST.json",
			`{"EmailAddress": "py+1@x.example", "Name": "Py", "CustomFields": [], "Resubscribe": false, "ConsentToTrack": "Yes", "RestartSubscriptionBasedAutoresponders": false}`,
			201, `"py+1@x.example"`},
		{"get", "GET", "/subscribers/LIST.json?email=py%2B1%40x.example&includetrackingpreference=True", "", 200, `{"EmailAddress":"py+1@x.example","Name":"Py",`},
		{"get, a bare plus", "GET", "/subscribers/LIST.json?email=py+1%40x.example&includetrackingpreference=False", "", 400, `{"Code":203,`},
		{"update", "PUT", "/subscribers/LIST.json?email=py%2B1%40x.example",
			`{"EmailAddress": "py2@x.example", "Name": "Py2", "CustomFields": [{"Key": "interests", "Value": "", "Clear": true}], "Resubscribe": true, "ConsentToTrack": "No", "RestartSubscriptionBasedAutoresponders": false}`,
			200, ""},
		{"import", "POST", "/subscribers/LIST/import.json",
			`{"Subscribers": [{"EmailAddress": "py2@x.example", "Name": "P", "ConsentToTrack": "Yes"}, {"EmailAddress": "example+1@example", "Name": "E", "ConsentToTrack": "Yes"}], "Resubscribe": true, "QueueSubscriptionBasedAutoresponders": true, "RestartSubscriptionBasedAutoresponders": false}`,
			400, `{"Code":210,"Message":"Subscriber Import had some failures","ResultData":{"TotalUniqueEmailsSubmitted":2,"TotalExistingSubscribers":1,"TotalNewSubscribers":0,`},
		{"import queues", "POST", "/subscribers/LIST/import.json",
			`{"Subscribers": [{"EmailAddress": "py3@x.example", "ConsentToTrack": "Yes"}], "Resubscribe": false, "QueueSubscriptionBasedAutoresponders": true, "RestartSubscriptionBasedAutoresponders": false}`,
			201, `{"TotalUniqueEmailsSubmitted":1,"TotalExistingSubscribers":0,"TotalNewSubscribers":1,"DuplicateEmailsInSubmission":[],"FailureDetails":[]}`},
		{"active", "GET", "/lists/LIST/active.json?date=&page=1&pagesize=1000&orderfield=email&orderdirection=asc&includetrackingpreference=False", "", 200, `{"Results":[{"EmailAddress":"py2@x.example"`},
		{"unsubscribe", "POST", "/subscribers/LIST/unsubscribe.json", `{"EmailAddress": "py2@x.example"}`, 200, ""},
		{"delete", "DELETE", "/subscribers/LIST.json?email=py3%40x.example", "", 200, ""},
		{"stats", "GET", "/lists/LIST/stats.json", "", 200, `{"TotalActiveSubscribers":0,`},
		{"new field", "POST", "/lists/LIST/customfields.json", `{"FieldName": "new date field", "DataType": "Date", "Options": [], "VisibleInPreferenceCenter": true}`, 201, `"[newdatefield]"`},
		{"rename it", "PUT", "/lists/LIST/customfields/%5Bnewdatefield%5D.json", `{"FieldName": "my renamed field", "VisibleInPreferenceCenter": true}`, 200, `"[myrenamedfield]"`},
		{"drop it", "DELETE", "/lists/LIST/customfields/%5Bmyrenamedfield%5D.json", "", 200, ""},
		{"new webhook", "POST", "/lists/LIST/webhooks.json", `{"Events": ["Subscribe", "Deactivate"], "Url": "https://hook.example/a", "PayloadFormat": "json"}`, 201, `"`},
		{"webhooks", "GET", "/lists/LIST/webhooks.json", "", 200, `[{"Events":["Subscribe","Deactivate"],"PayloadFormat":"Json","Status":"Active","Url":"https://hook.example/a","WebhookID":"`},
	})
	sub := b.get(t, "py3@x.example")
	if sub.Automations != 1 || sub.State != "Deleted" {
		t.Errorf("%+v", sub)
	}
	if sub := b.get(t, "py2@x.example"); sub.State != "Unsubscribed" || len(sub.Fields) != 0 || sub.ConsentToTrack != "Yes" {
		t.Errorf("%+v", sub)
	}
}

func TestTheRubyClientIsServed(t *testing.T) {
	t.Parallel()
	b := setup(t, cmtest.Options{})
	play(t, b, rubyHeader(), "x", []rawStep{
		{"add", "POST", "/subscribers/LIST.json",
			`{"EmailAddress":"rb@x.example","Name":"Rb","CustomFields":[{"Key":"age","Value":"24"}],"Resubscribe":true,"RestartSubscriptionBasedAutoresponders":false,"ConsentToTrack":"Yes","MobileNumber":null,"ConsentToSendSms":null}`,
			201, `"rb@x.example"`},
		{"get", "GET", "/subscribers/LIST.json?email=rb%40x.example&includetrackingpreference=true", "", 200, `{"EmailAddress":"rb@x.example"`},
		{"update", "PUT", "/subscribers/LIST.json?email=rb%40x.example",
			`{"EmailAddress":"rb2@x.example","Name":"Rb2","CustomFields":[],"Resubscribe":false,"RestartSubscriptionBasedAutoresponders":false,"ConsentToTrack":"unchanged","MobileNumber":null,"ConsentToSendSms":null}`,
			200, ""},
		{"import", "POST", "/subscribers/LIST/import.json",
			`{"Subscribers":[{"EmailAddress":"rb3@x.example","Name":"R","CustomFields":[{"Key":"age","Value":"","Clear":false}],"ConsentToTrack":"Yes"}],"Resubscribe":true,"QueueSubscriptionBasedAutoresponders":false,"RestartSubscriptionBasedAutoresponders":false}`,
			201, `{"TotalUniqueEmailsSubmitted":1,`},
		{"bounced", "GET", "/lists/LIST/bounced.json?page=1&pagesize=1000&orderfield=email&orderdirection=asc&date=&includetrackingpreference=false", "", 200, `{"Results":[],"ResultsOrderedBy":"email"`},
		{"delete", "DELETE", "/subscribers/LIST.json?email=rb2%40x.example", "", 200, ""},
		{"new list", "POST", "/lists/" + cmtest.DefaultClient + ".json", `{"Title":"Second","UnsubscribePage":"","ConfirmedOptIn":false,"ConfirmationSuccessPage":"","UnsubscribeSetting":"OnlyThisList"}`, 201, `"`},
		{"the same list", "POST", "/lists/" + cmtest.DefaultClient + ".json", `{"Title":"Second","ConfirmedOptIn":false}`, 400, `{"Code":250,`},
		{"update the list", "PUT", "/lists/LIST.json", `{"Title":"Renamed","UnsubscribePage":"","ConfirmedOptIn":true,"ConfirmationSuccessPage":"","UnsubscribeSetting":"OnlyThisList","AddUnsubscribesToSuppList":false,"ScrubActiveWithSuppList":false}`, 200, ""},
		{"a bad setting", "PUT", "/lists/LIST.json", `{"Title":"Renamed","UnsubscribeSetting":"Everything"}`, 400, `{"Code":261,`},
		{"no title", "PUT", "/lists/LIST.json", `{"Title":""}`, 400, `{"Code":251,`},
		{"list", "GET", "/lists/LIST.json", "", 200, `{"ConfirmationSuccessPage":"","ConfirmedOptIn":true,`},
		{"lists of the client", "GET", "/clients/" + cmtest.DefaultClient + "/lists.json", "", 200, `[{"ListID":"`},
		{"lists of a stranger", "GET", "/clients/nobody/lists.json", "", 401, `{"Code":102,`},
		{"lists for an address", "GET", "/clients/" + cmtest.DefaultClient + "/listsforemail.json?email=rb2%40x.example", "", 200, `[{"DateSubscriberAdded":"`},
		{"suppress", "POST", "/clients/" + cmtest.DefaultClient + "/suppress.json", `{"EmailAddresses":["a@x.example","rb3@x.example"]}`, 200, ""},
		{"suppressed", "GET", "/clients/" + cmtest.DefaultClient + "/suppressionlist.json?page=1&pagesize=1000&orderfield=email&orderdirection=asc", "", 200, `{"NumberOfPages":1,`},
		{"unsuppress", "PUT", "/clients/" + cmtest.DefaultClient + "/unsuppress.json?email=a%40x.example", "", 200, ""},
		{"unsuppress again", "PUT", "/clients/" + cmtest.DefaultClient + "/unsuppress.json?email=a%40x.example", "", 400, `{"Code":176,`},
	})
	if got := b.get(t, "rb2@x.example"); got.State != "Deleted" || got.Name != "Rb2" || cmp.Diff(map[string]string{"age": "24"}, got.Fields) != "" {
		t.Errorf("%+v", got)
	}
}

func TestThePHPAndPerlClientsAreServed(t *testing.T) {
	t.Parallel()
	b := setup(t, cmtest.Options{})
	b.Seed(b.list, cmtest.Subscriber{Email: "p@x.example", State: "Unsubscribed"})
	play(t, b, http.Header{"Content-Type": {"application/json; charset=utf-8"}}, "nopass", []rawStep{
		{"refused", "POST", "/subscribers/LIST.json", `{"EmailAddress":"p@x.example","Name":"P","Resubscribe":"false","ConsentToTrack":"Yes"}`, 400, `{"Code":206,`},
		{"resubscribed", "POST", "/subscribers/LIST.json", `{"EmailAddress":"p@x.example","Name":"P","CustomFields":[{"Key":"signup date","Value":"2026/01/02"}],"Resubscribe":"true","ConsentToTrack":"Yes"}`, 201, `"p@x.example"`},
		{"not a boolean", "POST", "/subscribers/LIST.json", `{"EmailAddress":"p@x.example","Resubscribe":"perhaps","ConsentToTrack":"Yes"}`, 400, `{"Code":400,`},
		{"a bad number", "POST", "/subscribers/LIST.json", `{"EmailAddress":"p@x.example","MobileNumber":"0123","ConsentToTrack":"Yes"}`, 400, `{"Code":220,`},
		{"nothing is good", "POST", "/subscribers/LIST.json", `{"EmailAddress":"p","MobileNumber":"0123","ConsentToTrack":"Yes"}`, 400, `{"Code":221,`},
		{"a good number", "PUT", "/subscribers/LIST.json?email=p%40x.example", `{"emailaddress":"p@x.example","mobilenumber":"+61423153526","consenttotrack":"Yes","consenttosendsms":"Yes"}`, 200, ""},
		{"read", "GET", "/subscribers/LIST.json?email=p%40x.example", "", 200, `{"EmailAddress":"p@x.example","Name":"P","MobileNumber":"+61423153526",`},
		{"no body", "POST", "/subscribers/LIST/import.json", "", 400, `{"Code":400,`},
	})
	if got := b.get(t, "p@x.example"); got.State != "Active" || got.Fields["signupdate"] != "2026-01-02" {
		t.Errorf("%+v", got)
	}
}
