/** Each language by its own name, so that whoever knows no other one finds theirs. */
export const languageOptions = [
  { value: 'en', text: 'English' },
  { value: 'fr', text: 'Français' },
]
