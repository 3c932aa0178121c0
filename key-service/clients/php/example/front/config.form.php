<?php

// GLPI 11 has loaded itself by now.
if (!defined('GLPI_ROOT')) {
    include '../../../inc/includes.php';
}

Session::checkRight('config', UPDATE);

// GLPI 9.5 and 10 escape what is posted; a key and a file are wanted as they are.
$given = $GLOBALS['_UPOST'] ?? $_POST;
$client = PluginLatchkeyexampleKey::client();

$entered = null;
if (isset($given['save_key']) && trim((string) ($given['registration_key'] ?? '')) !== '') {
    // Said by this very page: the next one would ask about the key that is kept, which may be another.
    $entered = $client->activate((string) $given['registration_key']);
} elseif (isset($given['save_file']) && is_uploaded_file($_FILES['offline_file']['tmp_name'] ?? '')) {
    // With its key, which may be entered beside it, the place of the file can be given back.
    $key = trim((string) ($given['registration_key'] ?? ''));
    $file = (string) file_get_contents($_FILES['offline_file']['tmp_name']);
    $answer = $key === '' ? $client->useOfflineFile($file) : $client->useOfflineFile($file, $key);
    if ($answer['refused'] !== null) {
        $sentence = PluginLatchkeyexampleKey::refusedFileSentence($answer['refused']);
        Session::addMessageAfterRedirect($sentence . ' (' . $answer['refused'] . ')', false, ERROR);
    }
    Html::back();
} elseif (isset($given['give_back'])) {
    $sentence = PluginLatchkeyexampleKey::givenBackSentence($client->giveBack());
    if ($sentence !== null) {
        Session::addMessageAfterRedirect($sentence, false, INFO);
    }
    Html::back();
}

// An administrator who opens this page wants to know now, and has perhaps just solved it in the portal.
$state = $entered === null ? $client->check(true) : $client->state();
$said = PluginLatchkeyexampleKey::sentences($state);
$rows = $entered === null ? [] : [
    __('The key you entered', 'latchkeyexample') => PluginLatchkeyexampleKey::enteredSentence($entered),
];
$rows += [
    __('Plugin', 'latchkeyexample') => $said['plugin'],
    __('Key', 'latchkeyexample') => $said['key'],
    __('Network', 'latchkeyexample') => $said['network'],
    __('Service', 'latchkeyexample') => $said['service'],
];
if ($state['clockSuspect']) {
    $rows[__('Clock', 'latchkeyexample')] = __('This server’s clock is wrong. Set it.', 'latchkeyexample');
}
if ($state['givingBack']) {
    $rows[__('Giving back', 'latchkeyexample')] = $state['offline']
        ? __('The portal has not confirmed that this GLPI uses the key no more. If it cannot be reached from here, say in the portal that this GLPI is gone.', 'latchkeyexample')
        : __('The portal has not confirmed that this GLPI uses the key no more. Press the button once more.', 'latchkeyexample');
}
$escape = static function (string $text): string {
    return htmlspecialchars($text, ENT_QUOTES, 'UTF-8');
};

Html::header(PluginLatchkeyexampleKey::getTypeName(), $_SERVER['PHP_SELF'], 'config', 'plugins');
echo '<div class="center"><table class="tab_cadre_fixe">';
foreach ($rows as $name => $sentence) {
    echo '<tr class="tab_bg_1"><th>' . $escape($name) . '</th><td>' . $escape($sentence) . '</td></tr>';
}
$page = ($entered ?? $state)['key']['page'] ?? null;
if ($page !== null) {
    echo '<tr class="tab_bg_1"><th></th><td><a href="' . $escape($page) . '" rel="noreferrer">';
    echo $escape(__('Open the portal', 'latchkeyexample')) . '</a></td></tr>';
}
echo '</table>';

echo '<form method="post" action="" enctype="multipart/form-data"><table class="tab_cadre_fixe">';
// The key that is stored is never shown again: the field begins empty.
echo '<tr class="tab_bg_1"><th><label for="registration_key">' . $escape(__('Registration key', 'latchkeyexample'));
echo '</label></th><td><input type="text" id="registration_key" name="registration_key" size="60" autocomplete="off">';
echo ' <button type="submit" name="save_key" value="1" class="btn btn-primary">';
echo $escape(__('Use this key', 'latchkeyexample')) . '</button></td></tr>';
echo '<tr class="tab_bg_1"><th><label for="offline_file">' . $escape(__('Offline file', 'latchkeyexample'));
echo '</label></th><td><input type="file" id="offline_file" name="offline_file" accept=".json">';
echo ' <button type="submit" name="save_file" value="1" class="btn btn-secondary">';
echo $escape(__('Use this file', 'latchkeyexample')) . '</button></td></tr>';
// GLPI shows it nowhere; the portal asks for it where a file is fetched.
echo '<tr class="tab_bg_1"><th><label for="installation_id">' . $escape(__('Installation ID', 'latchkeyexample'));
echo '</label></th><td><input type="text" id="installation_id" value="';
echo $escape(PluginLatchkeyexampleKey::installationId()) . '" size="60" readonly></td></tr>';
echo '<tr class="tab_bg_1"><th></th><td><button type="submit" name="give_back" value="1" class="btn btn-secondary">';
echo $escape(__('Stop using the key on this GLPI', 'latchkeyexample')) . '</button></td></tr></table>';
Html::closeForm();
echo '</div>';
Html::footer();
