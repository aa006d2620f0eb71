import {
  ActionIcon, Badge, Button, createTheme, type CSSVariablesResolver, Input, type MantineColorsTuple, Menu, Modal, MultiSelect, Popover, Select, Tooltip,
} from "@mantine/core";

/** The accent: a quiet blue-violet. Shade 6 carries white text at 7:1. */
const iris: MantineColorsTuple = [
  "#eef0fc", "#dfe3fa", "#c0c8f4", "#9fabef", "#8593e9", "#6474de", "#3d4fc4", "#3444ab", "#2b388d", "#222c6e",
];

/** The list itself scrolls, not a box within: readers then know it as the combobox's own. */
const scrollingList = { withScrollArea: false, styles: { options: { maxHeight: 280, overflowY: "auto" } } } as const;

export const theme = createTheme({
  primaryColor: "iris",
  primaryShade: { light: 6, dark: 6 },
  colors: { iris },
  // Each system's own face. The named ones stand before system-ui, which on some Linux desktops is a very wide face.
  fontFamily: '-apple-system, "Segoe UI Variable Text", "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", "Liberation Sans", Arial, system-ui, sans-serif',
  fontFamilyMonospace: 'ui-monospace, "SF Mono", "Cascadia Code", Menlo, Consolas, "Liberation Mono", monospace',
  fontSizes: { xs: "12px", sm: "13px", md: "14px", lg: "16px", xl: "20px" },
  lineHeights: { xs: "1.4", sm: "1.45", md: "1.5", lg: "1.5", xl: "1.4" },
  radius: { xs: "4px", sm: "6px", md: "8px", lg: "10px", xl: "14px" },
  defaultRadius: "sm",
  cursorType: "pointer",
  respectReducedMotion: true,
  components: {
    Badge: Badge.extend({ defaultProps: { radius: "sm", tt: "none", fw: 550 } }),
    Button: Button.extend({ defaultProps: { size: "xs" } }),
    ActionIcon: ActionIcon.extend({ defaultProps: { variant: "subtle", color: "gray", size: 28 } }),
    Input: Input.extend({
      vars: (_theme, props) => ({
        wrapper: props.size === undefined || props.size === "sm" ? { "--input-height": "var(--control)", "--input-fz": "13px" } : {},
      }),
    }),
    Menu: Menu.extend({ defaultProps: { shadow: "md", radius: "md", transitionProps: { duration: 90, transition: "pop-top-left" } } }),
    Popover: Popover.extend({ defaultProps: { shadow: "md", radius: "md", transitionProps: { duration: 90 } } }),
    Modal: Modal.extend({ defaultProps: { radius: "lg", centered: true, transitionProps: { duration: 120, transition: "pop" }, overlayProps: { backgroundOpacity: 0.35, blur: 1 } } }),
    Select: Select.extend({ defaultProps: scrollingList }),
    MultiSelect: MultiSelect.extend({ defaultProps: scrollingList }),
    Tooltip: Tooltip.extend({ defaultProps: { openDelay: 450, radius: "sm", withArrow: false } }),
  },
});

/** Ties Mantine's colours to the interface's own tokens (styles/tokens.css). */
export const cssVariables: CSSVariablesResolver = () => {
  const common = {
    "--mantine-color-body": "var(--surface)",
    "--mantine-color-text": "var(--ink)",
    "--mantine-color-dimmed": "var(--ink-2)",
    "--mantine-color-placeholder": "var(--ink-3)",
    "--mantine-color-default": "var(--surface)",
    "--mantine-color-default-hover": "var(--hover)",
    "--mantine-color-default-color": "var(--ink)",
    "--mantine-color-default-border": "var(--line-strong)",
    "--mantine-color-anchor": "var(--accent-ink)",
    "--mantine-color-error": "var(--bad-ink)",
    "--mantine-color-disabled": "var(--hover)",
    "--mantine-color-disabled-color": "var(--ink-3)",
    "--mantine-color-disabled-border": "var(--line)",
  };
  return { variables: {}, light: common, dark: common };
};
