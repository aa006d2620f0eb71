package files

import (
	"bufio"
	"bytes"
	"context"
	"image"
	"image/color"
	_ "image/gif"  // decoder
	_ "image/jpeg" // decoder
	"image/png"
	"io"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/ground/id"
)

const (
	pixelsMax = 40_000_000 // of a picture that is opened; some 160 MB while it is
	thumbSide = 144        // as Dataverse's
)

// decoding lets one picture be opened at a time, for each takes much memory.
var decoding = make(chan struct{}, 1)

// makeThumb puts the small form of a picture beside it.
func (s *Store) makeThumb(ctx context.Context, key id.ID) error {
	bad := func(err error) error {
		return errs.Wrap(err, errs.Invalid, "files.picture", "the picture can't be read, or has more than %d million points", pixelsMax/1_000_000)
	}
	select {
	case decoding <- struct{}{}:
		defer func() { <-decoding }()
	case <-ctx.Done():
		return ctx.Err()
	}
	r, err := s.openAny(ctx, contentName(key), true)
	if err != nil {
		return err
	}
	defer r.Close()
	config, _, err := image.DecodeConfig(bufio.NewReader(r))
	if err != nil || config.Width <= 0 || config.Height <= 0 || config.Width > pixelsMax/config.Height {
		return bad(err)
	}
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return broken(err)
	}
	picture, _, err := image.Decode(bufio.NewReader(r))
	if err != nil {
		return bad(err)
	}
	var out bytes.Buffer
	if err := png.Encode(&out, shrink(picture, thumbSide)); err != nil {
		return bad(err)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	w, _, err := s.writer(ctx, thumbName(key))
	if err != nil {
		return err
	}
	if _, err := w.Write(out.Bytes()); err != nil {
		cancel()
		_ = w.Close() // it fails, as the context has ended, and leaves nothing
		return broken(err)
	}
	if err := w.Close(); err != nil {
		return broken(err)
	}
	return nil
}

// shrink fits a picture into a square by averaging the points that fall together.
func shrink(in image.Image, side int) image.Image {
	b := in.Bounds()
	w, h := b.Dx(), b.Dy()
	if w <= side && h <= side {
		return in
	}
	tw, th := side, max(1, h*side/w)
	if h > w {
		tw, th = max(1, w*side/h), side
	}
	out := image.NewNRGBA64(image.Rect(0, 0, tw, th))
	for y := range th {
		for x := range tw {
			out.Set(x, y, average(in, image.Rect(b.Min.X+x*w/tw, b.Min.Y+y*h/th, b.Min.X+(x+1)*w/tw, b.Min.Y+(y+1)*h/th)))
		}
	}
	return out
}

func average(in image.Image, area image.Rectangle) color.Color {
	var r, g, b, a, n uint64
	for y := area.Min.Y; y < max(area.Max.Y, area.Min.Y+1); y++ {
		for x := area.Min.X; x < max(area.Max.X, area.Min.X+1); x++ {
			pr, pg, pb, pa := in.At(x, y).RGBA()
			r, g, b, a, n = r+uint64(pr), g+uint64(pg), b+uint64(pb), a+uint64(pa), n+1
		}
	}
	return color.RGBA64{uint16(r / n), uint16(g / n), uint16(b / n), uint16(a / n)}
}
