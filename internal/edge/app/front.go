package app

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"

	"github.com/rapport-platform/rapport/internal/capability/intake"
	"github.com/rapport-platform/rapport/internal/capability/portal"
	"github.com/rapport-platform/rapport/internal/ground/diskfile"
	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
	"github.com/rapport-platform/rapport/internal/ground/sqldb"
	"github.com/rapport-platform/rapport/internal/platform/auth"
	"github.com/rapport-platform/rapport/internal/platform/stream"
)

// TopicInteractions holds what the tracking script reports.
const TopicInteractions = "interactions"

// front is what takes events in, without a database.
type front struct {
	stream       *stream.Stream
	portal       *portal.Service
	forms        *portal.Library
	keys         *auth.TopicKeys
	organization id.ID
	lake         *lakeFront // nil where the lake is switched off
	recalled     bool       // this folder has been in use before: there is a last known good configuration
}

// identity is what a data folder knows of itself.
type identity struct {
	Organization id.ID  `json:"organization"`
	FormSecret   []byte `json:"formSecret"` // signs the tokens in forms
}

func (a *App) openFront(life context.Context) (*front, error) {
	self, err := a.identity()
	if err != nil {
		return nil, err
	}
	f := &front{organization: self.Organization}
	f.stream = stream.New(stream.Options{Dir: filepath.Join(a.c.Data, "stream"), URL: a.c.NATS, Clock: a.c.Clock, Logger: a.c.Logger})
	if err := f.stream.Start(life); err != nil {
		return nil, err
	}
	for _, topic := range []string{intake.Topic, TopicInteractions} {
		if err := f.stream.EnsureTopic(life, topic); err != nil {
			return nil, errors.Join(err, f.stream.Stop(life))
		}
	}
	f.forms = portal.NewLibrary(a.file("forms.json"), a.c.Logger)
	if _, err := f.forms.Recall(); err != nil {
		return nil, errors.Join(err, f.stream.Stop(life))
	}
	f.portal = portal.New(portal.Config{Publisher: f.stream, Forms: f.forms, Clock: a.c.Clock, Secret: self.FormSecret, InteractionsTopic: TopicInteractions, Decider: lateDecider{a}, Brand: a.brand, Captcha: a.captcha()})
	f.keys = auth.NewTopicKeys(a.database, a.c.Clock, a.file("keys.json"), a.c.Logger)
	if f.recalled, err = f.keys.Recall(); err != nil {
		return nil, errors.Join(err, f.stream.Stop(life))
	}
	if f.lake, err = a.openLake(life, f.stream); err != nil {
		return nil, errors.Join(err, f.stream.Stop(life))
	}
	return f, nil
}

// file names a file of the configuration that is kept on disk.
func (a *App) file(name string) string { return filepath.Join(a.c.Data, "config", name) }

// database gives the open database, or nil while it is away.
func (a *App) database() *sqldb.DB {
	if c := a.core.Load(); c != nil {
		return c.db
	}
	return nil
}

// identity reads what the folder knows of itself, and makes it at the first start.
func (a *App) identity() (identity, error) {
	var self identity
	path := a.file("identity.json")
	text, err := os.ReadFile(path)
	if err == nil {
		if err := json.Unmarshal(text, &self); err != nil {
			return self, errs.Wrap(err, errs.Invalid, "app.identity", "the file %s is damaged", path)
		}
		return self, nil
	}
	if !errors.Is(err, os.ErrNotExist) {
		return self, err
	}
	self = identity{Organization: id.New(), FormSecret: []byte(rand.Text())}
	if text, err = json.Marshal(self); err != nil {
		return self, err
	}
	return self, diskfile.Write(path, text)
}
