package files

import (
	"mime"
	"net/http"
	"path"
	"slices"
	"strings"

	"github.com/rapport-platform/rapport/internal/ground/errs"
	"github.com/rapport-platform/rapport/internal/platform/metadata"
)

const sniffed = 512 // bytes at the beginning that tell the media type

// blocked are the endings of files that systems run when they are opened.
// Dataverse refuses them, too.
var blocked = []string{".ade", ".adp", ".app", ".asa", ".asp", ".aspx", ".bas", ".bat", ".cer", ".chm", ".cmd", ".com", ".cpl", ".crt", ".csh", ".dll", ".exe", ".fxp", ".hlp", ".hta",
	".htm", ".html", ".htr", ".htw", ".inf", ".ins", ".isp", ".its", ".jar", ".js", ".jse", ".ksh", ".lnk", ".mad", ".maf", ".mht", ".mhtml", ".msc", ".msh", ".msi", ".msp", ".mst", ".ops", ".pcd",
	".pif", ".prf", ".prg", ".printer", ".pst", ".reg", ".scf", ".scr", ".sct", ".shb", ".shs", ".shtm", ".shtml", ".soap", ".stm", ".svg", ".svgz", ".tmp", ".url", ".vb", ".vbe", ".vbs", ".ws", ".wsc", ".wsf", ".wsh", ".xhtml"}

// mediaType tells what content is, by its first bytes; the name decides only
// among forms that begin alike. What the column does not take is refused.
func mediaType(c *metadata.Column, name string, head []byte) (string, error) {
	ext := strings.ToLower(path.Ext(name))
	refuse := func(why string) error {
		return errs.New(errs.Invalid, "files.media_type", "%s doesn't take this file: %s", c.Name, why)
	}
	if slices.Contains(blocked, ext) {
		return "", refuse("files with the ending " + ext + " are blocked")
	}
	kind := Kind(head)
	if isProgram(head) || kind == "text/html" {
		return "", refuse("its content is a program or a web page")
	}
	claimed, _, _ := mime.ParseMediaType(mime.TypeByExtension(ext))
	switch {
	case kind == "application/zip" && office[ext] != "":
		kind = office[ext]
	case kind == "text/plain" && (strings.HasPrefix(claimed, "text/") || claimed == "application/json") && claimed != "text/html" && claimed != "text/javascript":
		kind = claimed
	case kind == "text/xml" && claimed == "application/xml":
		kind = claimed
	}
	if c.TypeName == "image" && !slices.Contains([]string{"image/png", "image/jpeg", "image/gif"}, kind) {
		return "", refuse("a PNG, JPEG or GIF picture is expected, this is " + kind)
	}
	if !c.Accepts(kind) {
		return "", refuse("it is " + kind + ", taken are " + strings.Join(c.Accept, ", "))
	}
	return kind, nil
}

// Kind tells the media type of content by its first bytes, without parameters.
func Kind(head []byte) string {
	kind, _, _ := mime.ParseMediaType(http.DetectContentType(head))
	if kind != "application/octet-stream" && kind != "video/mp4" {
		return kind
	}
	switch {
	case len(head) >= 12 && string(head[4:8]) == "ftyp" && slices.Contains([]string{"heic", "heix", "hevc", "heim", "heis", "mif1", "msf1"}, string(head[8:12])):
		return "image/heic"
	case len(head) >= 12 && string(head[4:8]) == "ftyp" && slices.Contains([]string{"avif", "avis"}, string(head[8:12])):
		return "image/avif"
	case strings.HasPrefix(string(head), "II*\x00"), strings.HasPrefix(string(head), "MM\x00*"):
		return "image/tiff"
	}
	return kind
}

// isProgram knows the first bytes of programs for Windows, Linux and macOS, and of scripts.
func isProgram(head []byte) bool {
	for _, magic := range []string{"MZ", "\x7fELF", "\xcf\xfa\xed\xfe", "\xce\xfa\xed\xfe", "\xfe\xed\xfa\xce", "\xfe\xed\xfa\xcf", "#!"} {
		if strings.HasPrefix(string(head), magic) {
			return true
		}
	}
	return false
}

// office are documents that are ZIP files.
var office = map[string]string{
	".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
	".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
	".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
	".odt":  "application/vnd.oasis.opendocument.text",
	".ods":  "application/vnd.oasis.opendocument.spreadsheet",
	".odp":  "application/vnd.oasis.opendocument.presentation",
}
