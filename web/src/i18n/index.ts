import i18next from "i18next";
import { initReactI18next } from "react-i18next";

export const languages = ["en", "de"] as const;
export type Language = (typeof languages)[number];

const files: Record<Language, () => Promise<{ default: object }>> = {
  en: () => import("./en.json"),
  de: () => import("./de.json"),
};

function remembered(): Language {
  let wish = navigator.language;
  try {
    wish = localStorage.getItem("rapport.language") ?? wish;
  } catch {
    // Storage may be forbidden: the browser's language then holds.
  }
  return languages.find((l) => wish.toLowerCase().startsWith(l)) ?? "en";
}

/** Loads the person's language before the first render: no text ever flashes. */
export async function startI18n(): Promise<void> {
  const language = remembered();
  const { default: texts } = await files[language]();
  await i18next.use(initReactI18next).init({
    lng: language,
    resources: { [language]: { translation: texts } },
    interpolation: { escapeValue: false },
    returnNull: false,
  });
  document.documentElement.lang = language;
}

export async function setLanguage(language: Language): Promise<void> {
  const { default: texts } = await files[language]();
  i18next.addResourceBundle(language, "translation", texts, true, true);
  await i18next.changeLanguage(language);
  document.documentElement.lang = language;
  try {
    localStorage.setItem("rapport.language", language);
  } catch {
    // The choice then lasts until the page is left.
  }
}

export function currentLanguage(): Language {
  return languages.find((l) => i18next.language === l) ?? "en";
}
