<?php

function plugin_latchkeyexample_install()
{
    global $DB;

    if (!$DB->tableExists('glpi_plugin_latchkeyexample_states')) {
        // GLPI 10 and later want unsigned IDs, and say so in the log where they are not.
        $unsigned = version_compare(GLPI_VERSION, '10.0', '>=') ? 'unsigned' : '';
        $statement = "CREATE TABLE `glpi_plugin_latchkeyexample_states` (
            `id` int $unsigned NOT NULL AUTO_INCREMENT,
            `state` mediumtext,
            PRIMARY KEY (`id`)
        ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC";
        // GLPI 11 knows `doQuery` alone, 9.5 `query` alone.
        $run = [$DB, method_exists($DB, 'doQuery') ? 'doQuery' : 'query'];
        if (!$run($statement)) {
            return false;
        }
    }
    // Each hour GLPI calls; once a day, or where something is amiss, the portal is asked.
    CronTask::register('PluginLatchkeyexampleKey', 'CheckKey', HOUR_TIMESTAMP, [
        'comment' => __('Asks the portal whether the registration key is good', 'latchkeyexample'),
        'mode' => CronTask::MODE_EXTERNAL,
    ]);
    return true;
}

function plugin_latchkeyexample_uninstall()
{
    global $DB;

    if ($DB->tableExists('glpi_plugin_latchkeyexample_states')) {
        // The place is free for another GLPI, also where nobody thought of it.
        $sentence = PluginLatchkeyexampleKey::stillTakenSentence(PluginLatchkeyexampleKey::client()->giveBack()['state']);
        if ($sentence !== null) {
            Session::addMessageAfterRedirect($sentence, false, WARNING);
        }
        $run = [$DB, method_exists($DB, 'doQuery') ? 'doQuery' : 'query'];
        $run('DROP TABLE `glpi_plugin_latchkeyexample_states`');
    }
    CronTask::unregister('latchkeyexample');
    return true;
}
