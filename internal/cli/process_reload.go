package cli

import (
	"errors"

	"github.com/ghostcm/ghostcm/internal/config"
	"github.com/ghostcm/ghostcm/internal/program"
)

// reload reads the configuration again and lets the program go on with it. What
// is wrong with it is logged, and the old one stays.
func (p *process) reload(opened *program.Program) {
	cfg, err := config.Load(p.configOptions())
	if err != nil {
		p.refuse(err)
		return
	}
	kept, err := opened.Reload(cfg)
	if err != nil {
		p.refuse(err)
		return
	}
	p.level.Set(cfg.Log.Level)
	logWarnings(p.log, cfg)
	for _, key := range kept {
		p.log.Warn("config.needs_restart", "key", key)
	}
	p.log.Info("config.reloaded", "sites", len(cfg.Sites))
}

func (p *process) refuse(err error) {
	problems, ok := errors.AsType[config.Problems](err)
	if !ok {
		p.log.Error("config.refused", "problem", err.Error())
	}
	for _, problem := range problems {
		p.log.Error("config.refused", "key", problem.Key, "problem", problem.Wrong+"; "+problem.Fix)
	}
	p.log.Error("config.unchanged", "problems", max(len(problems), 1))
}
