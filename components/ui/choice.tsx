import { Icon, type IconName } from './icon'

export type Choice = { value: string; text: string; icon?: IconName; lang?: string }

/** One of a few, taken at once: a form of buttons that works without JavaScript (theme, language). */
export function ChoiceForm({
  name,
  legend,
  choices,
  current,
  action,
}: {
  name: string
  legend: string
  choices: Choice[]
  current: string
  action: (form: FormData) => Promise<void>
}) {
  return (
    <form action={action}>
      <fieldset className="choice">
        <legend>{legend}</legend>
        <div>
          {choices.map(({ value, text, icon, lang }) => (
            <button
              key={value}
              type="submit"
              name={name}
              value={value}
              lang={lang}
              aria-pressed={value === current}
            >
              {icon && <Icon name={icon} />}
              {text}
            </button>
          ))}
        </div>
      </fieldset>
    </form>
  )
}
