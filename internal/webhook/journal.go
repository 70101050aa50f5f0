package webhook

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/ghostcm/ghostcm/internal/member"
)

const (
	refusalBurst = 20               // records of one reason before they get rare
	refusalEvery = 10 * time.Second // between two records then
)

// report leaves the one record of a request and counts it.
func (g *Ghost) report(req *request, code Code) {
	took := g.opts.Now().Sub(req.delivery.ReceivedAt)
	outcome := Outcome{
		Site:   req.delivery.Site,
		Event:  string(req.delivery.Event.Type),
		Result: string(code),
		Took:   took,
		Bytes:  len(req.body),
		At:     req.delivery.ReceivedAt,

		Contradicted: req.contradicted,
	}
	if code == accepted {
		outcome.Result = "accepted"
		g.log.accepted(req, took)
	} else {
		g.log.refused(req, code, took)
	}
	g.opts.Observe(outcome)
}

// journal writes the records. Of each reason and site it writes so many refusals
// and then few, with the number of those it left out: strangers must not fill
// the disk, nor hide the fault of one site behind another's.
type journal struct {
	log *slog.Logger
	now func() time.Time

	mu     sync.Mutex
	limits map[subject]*limit // as many as there are codes and sites
}

type subject struct {
	code Code
	site string
}

type limit struct {
	rate    *rate.Limiter
	skipped int // since the last record
}

func newJournal(log *slog.Logger, now func() time.Time) *journal {
	return &journal{log: log, now: now, limits: map[subject]*limit{}}
}

func (j *journal) accepted(req *request, took time.Duration) {
	attrs := append(facts(req, took),
		slog.String("job_id", req.receipt.JobID),
		slog.Bool("coalesced", req.receipt.Coalesced),
	)
	if req.contradicted {
		attrs = append(attrs, slog.Bool("query_contradicts_body", true))
	}
	j.log.LogAttrs(context.Background(), slog.LevelInfo, "webhook.accepted", attrs...)
}

func (j *journal) refused(req *request, code Code, took time.Duration) {
	skipped, ok := j.admit(subject{code, req.delivery.Site})
	if !ok {
		return
	}
	attrs := append(facts(req, took), slog.String("reason", string(code)))
	if req.cause != nil {
		attrs = append(attrs, slog.String("error", req.cause.Error()))
	}
	if skipped > 0 {
		attrs = append(attrs, slog.Int("not_logged", skipped))
	}
	level := slog.LevelWarn
	if code == Unavailable {
		level = slog.LevelError // a genuine event may be lost, and Ghost will not send it again
	}
	j.log.LogAttrs(context.Background(), level, "webhook.refused", attrs...)
}

// admit says whether a record of the subject may be written now, and how many
// were not since the last one.
func (j *journal) admit(s subject) (skipped int, ok bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	l := j.limits[s]
	if l == nil {
		l = &limit{rate: rate.NewLimiter(rate.Every(refusalEvery), refusalBurst)}
		j.limits[s] = l
	}
	if !l.rate.AllowN(j.now(), 1) {
		l.skipped++
		return 0, false
	}
	skipped, l.skipped = l.skipped, 0
	return skipped, true
}

// facts are the attributes that both records have, as far as they are known.
func facts(req *request, took time.Duration) []slog.Attr {
	d := req.delivery
	attrs := make([]slog.Attr, 0, 12)
	attrs = append(attrs,
		slog.String("event_id", d.EventID),
		slog.Int("bytes", len(req.body)),
		slog.Float64("latency_ms", milliseconds(took)),
	)
	if d.Site != "" {
		attrs = append(attrs, slog.String("site", d.Site))
	}
	if !d.Event.SentAt.IsZero() {
		attrs = append(attrs, slog.Float64("sent_ms_ago", milliseconds(d.ReceivedAt.Sub(d.Event.SentAt))))
	}
	if d.Event.Type != "" {
		attrs = append(attrs,
			slog.String("event_type", string(d.Event.Type)),
			slog.String("member_id", d.Event.Facts.ID),
		)
	}
	if email := d.Event.Facts.Email; email.Known {
		attrs = append(attrs, slog.String("email_hash", member.AddressHash(email.Value)))
	}
	return attrs
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
