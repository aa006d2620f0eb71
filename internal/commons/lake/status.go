package lake

import (
	"context"
	"strings"
	"time"
)

// Tables tells of every table of the lake, sorted by name. One that can't be
// read says why.
func (l *Lake) Tables(ctx context.Context) ([]TableInfo, error) {
	names, err := l.names()
	if err != nil {
		return nil, err
	}
	out := make([]TableInfo, 0, len(names))
	for _, n := range names {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		out = append(out, l.info(ctx, n))
	}
	return out, nil
}

func (l *Lake) info(ctx context.Context, name string) TableInfo {
	layer, table, _ := strings.Cut(name, "/")
	info := TableInfo{Name: name, Layer: layer}
	snap, err := l.snapshot(ctx, name)
	if err != nil {
		info.Error = err.Error()
		return info
	}
	if snap == nil {
		return info
	}
	info.Rows, _ = snap.Count()
	info.Files, info.Bytes, info.Version, info.Columns = len(snap.Files), snap.Bytes(), snap.Version, len(snap.Schema.Fields)
	for _, f := range snap.Files {
		if at := time.UnixMilli(f.ModificationTime).UTC(); info.Updated == nil || at.After(*info.Updated) {
			info.Updated = &at
		}
	}
	log := ""
	switch layer {
	case layerChanges:
		log = changesLog
	case layerCurrent:
		info.Through, _ = snap.Txn(baseApp)
	case layerEvents:
		log = table
	}
	if v, ok := l.feeds.Load(log); ok {
		if c, ok := v.(consumer); ok {
			pos, oldest := c.progress().now()
			info.Through = pos
			if !oldest.IsZero() {
				info.Lag = max(0, l.c.Clock.Now().Sub(oldest).Seconds())
			}
		}
	}
	return info
}

// now gives the position and since when something waits.
func (p *progress) now() (pos int64, oldest time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.pos, p.oldest
}
