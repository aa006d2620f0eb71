package documents

import (
	"fmt"
)

// words are the texts of the section by key: English, German.
var words = map[string][2]string{
	"title":    {"Documents", "Unterlagen"},
	"intro":    {"Photos from your phone are fine, as long as everything can be read.", "Fotos vom Telefon genügen, solange alles lesbar ist."},
	"all":      {"We have everything that we need from you at the moment. Thank you.", "Wir haben im Moment alles, was wir von Ihnen brauchen. Vielen Dank."},
	"asked":    {"Still needed", "Fehlt noch"},
	"optional": {"If you have it", "Falls vorhanden"},
	"received": {"Being looked at", "Wird geprüft"},
	"accepted": {"Accepted", "Angenommen"},
	"refused":  {"Please send again", "Bitte noch einmal senden"},
	"waived":   {"Not needed any more", "Nicht mehr nötig"},
	"reason":   {"Why:", "Grund:"},
	"age":      {"Not older than %d days.", "Nicht älter als %d Tage."},
	"most":     {"Up to %d files of at most 20 MB each.", "Bis zu %d Dateien von je höchstens 20 MB."},
	"most1":    {"One file of at most 20 MB.", "Eine Datei von höchstens 20 MB."},
	"choose":   {"Choose files for %s", "Dateien auswählen: %s"},
	"send":     {"Send", "Senden"},
	"remove":   {"Take back", "Zurücknehmen"},
	"removeof": {"Take back %s", "%s zurücknehmen"},
	"held":     {"is being checked for viruses", "wird auf Viren geprüft"},
	"infected": {"removed: a virus was found", "entfernt: ein Virus wurde gefunden"},
	"sending":  {"Sending {name}: {part} %", "{name} wird gesendet: {part} %"},
	"done":     {"All files have arrived.", "Alle Dateien sind angekommen."},
	"broken":   {"The connection was lost. Press Send to go on where it stopped.", "Die Verbindung ist abgebrochen. Mit „Senden“ geht es weiter, wo es aufgehört hat."},
	"resume":   {"Sending {name} was interrupted. Choose the same file again and press Send to go on where it stopped.", "Das Senden von {name} wurde unterbrochen. Wählen Sie dieselbe Datei noch einmal und drücken Sie „Senden“: es geht weiter, wo es aufgehört hat."},
	"todo1":    {"One document is needed", "Eine Unterlage wird gebraucht"},
	"todo":     {"%d documents are needed", "%d Unterlagen werden gebraucht"},
	"sent":     {"Your files have arrived.", "Ihre Dateien sind angekommen."},
	"removed":  {"The file was taken back.", "Die Datei wurde zurückgenommen."},
	"nofile":   {"No file was chosen.", "Es wurde keine Datei ausgewählt."},
}

func say(lang, key string, args ...any) string {
	pair := words[key]
	text := pair[0]
	if lang == "de" {
		text = pair[1]
	}
	if len(args) == 0 {
		return text
	}
	return fmt.Sprintf(text, args...)
}

// size gives a number of bytes as people read it.
func size(n int64) string {
	switch {
	case n < 1000:
		return fmt.Sprintf("%d B", n)
	case n < 1_000_000:
		return fmt.Sprintf("%d kB", (n+500)/1000)
	}
	return fmt.Sprintf("%d.%d MB", n/1_000_000, n%1_000_000/100_000)
}
