package dashboard

import (
	"fmt"

	"github.com/ghostcm/ghostcm/internal/store"
)

// chart is a site's hour as bars, a minute each, to be drawn as SVG.
type chart struct {
	Bars          []bar
	Width, Height int
	Max           int // of a minute
	Sum, Failed   int
	PerMinute     string // of the last five whole minutes
}

type bar struct {
	X, Y, Height  int
	FailY, Failed int
	Minutes       int // ago
}

const (
	barWidth    = 6
	chartHeight = 48
)

func chartOf(f store.Flow) chart {
	c := chart{Width: barWidth * store.FlowMinutes, Height: chartHeight, Max: 1}
	for i := range f.Done {
		c.Max = max(c.Max, f.Done[i]+f.Failed[i])
		c.Sum += f.Done[i]
		c.Failed += f.Failed[i]
	}
	scale := func(n int) int {
		if n == 0 {
			return 0
		}
		return max(2, n*(chartHeight-2)/c.Max)
	}
	for i := range f.Done {
		done, failed := scale(f.Done[i]), scale(f.Failed[i])
		if done+failed > chartHeight {
			done = chartHeight - failed
		}
		c.Bars = append(c.Bars, bar{
			X: i * barWidth, Y: chartHeight - done, Height: done, FailY: chartHeight - done - failed, Failed: failed,
			Minutes: store.FlowMinutes - 1 - i,
		})
	}
	const over = 5
	last := 0
	for _, n := range f.Done[store.FlowMinutes-1-over : store.FlowMinutes-1] {
		last += n
	}
	c.PerMinute = perMinute(last, over)
	return c
}

func perMinute(n, minutes int) string {
	if n == 0 || n >= 10*minutes {
		return num(n / minutes)
	}
	tenths := n * 10 / minutes
	return num(tenths/10) + "." + string(rune('0'+tenths%10))
}

// box is what is drawn on.
func (c chart) box() string { return fmt.Sprintf("0 0 %d %d", c.Width, c.Height) }

// told is the chart in a few words, below it.
func (c chart) told() string {
	text := "no events"
	if c.Sum > 0 {
		text = num(c.Sum) + " done"
	}
	if c.Failed > 0 {
		text += ", " + num(c.Failed) + " failures"
	}
	return text
}

// spoken is the chart for who does not see it.
func (c chart) spoken() string {
	return fmt.Sprintf("Events a minute in the last hour: %d done, %d failures, at most %d in a minute", c.Sum, c.Failed, c.Max)
}
