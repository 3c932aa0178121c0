import { ChoiceForm } from './ui/choice'

export type Theme = 'system' | 'light' | 'dark'

/** The theme that a cookie or a form names; whatever is not a theme is `system`. */
export function parseTheme(value: unknown): Theme {
  return value === 'light' || value === 'dark' ? value : 'system'
}

/**
 * The `data-theme` for `<html>`, from the cookie: written by the server, so nothing flashes.
 * `system` has none, and the browser decides.
 */
export function themeAttribute(theme: Theme): 'light' | 'dark' | undefined {
  return theme === 'system' ? undefined : theme
}

/** System, light or dark. The action reads `parseTheme(form.get('theme'))` and sets the cookie. */
export function ThemeForm({
  current,
  labels,
  action,
}: {
  current: Theme
  labels: { legend: string } & Record<Theme, string>
  action: (form: FormData) => Promise<void>
}) {
  return (
    <ChoiceForm
      name="theme"
      legend={labels.legend}
      current={current}
      action={action}
      choices={[
        { value: 'system', text: labels.system, icon: 'monitor' },
        { value: 'light', text: labels.light, icon: 'sun' },
        { value: 'dark', text: labels.dark, icon: 'moon' },
      ]}
    />
  )
}
