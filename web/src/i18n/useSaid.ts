import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { type Book, bookOf } from "./messages";

/** How a text that the server has kept, such as why something failed, reads in the person's language. */
export function useSaid(): (text: unknown) => string {
  const { i18n } = useTranslation();
  const [book, setBook] = useState<Book>();
  useEffect(() => {
    let gone = false;
    void Promise.resolve(bookOf(i18n.language)).catch(() => undefined).then((b) => { if (!gone) setBook(b); });
    return () => { gone = true; };
  }, [i18n.language]);
  return (text) => (typeof text === "string" && text ? book?.say(text) ?? text : "");
}
