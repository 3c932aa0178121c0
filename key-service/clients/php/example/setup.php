<?php

/*
 * A plugin whose registration key is checked. Copy `../Latchkey.php` into this folder, change its namespace to
 * `GlpiPlugin\Latchkeyexample\Latchkey`, and the three constants below to what your portal says. GLPI 9.5 to 11.
 */

define('PLUGIN_LATCHKEYEXAMPLE_VERSION', '1.0.0');
define('PLUGIN_LATCHKEYEXAMPLE_PORTAL', 'https://portal.example.com');
/** What the portal calls this plugin. */
define('PLUGIN_LATCHKEYEXAMPLE_PRODUCT', 'formspro');
/** The root's public half, from which all trust begins. Never read it from a setting or from the portal. */
define('PLUGIN_LATCHKEYEXAMPLE_ROOT', 'the 32 bytes in base64');

function plugin_init_latchkeyexample()
{
    global $PLUGIN_HOOKS;

    $PLUGIN_HOOKS['csrf_compliant']['latchkeyexample'] = true;
    // Encrypted by GLPI's key, and encrypted anew when an administrator changes that one.
    $PLUGIN_HOOKS['secured_fields']['latchkeyexample'] = ['glpi_plugin_latchkeyexample_states.state'];
    Plugin::registerClass('PluginLatchkeyexampleKey');
    if (Session::haveRight('config', UPDATE)) {
        $PLUGIN_HOOKS['config_page']['latchkeyexample'] = 'front/config.form.php';
    }
}

function plugin_version_latchkeyexample()
{
    return [
        'name' => 'Latchkey example',
        'version' => PLUGIN_LATCHKEYEXAMPLE_VERSION,
        'author' => 'Latchkey',
        'license' => 'Apache-2.0',
        'homepage' => PLUGIN_LATCHKEYEXAMPLE_PORTAL,
        'requirements' => [
            'glpi' => ['min' => '9.5.0', 'max' => '11.1.0'],
            'php' => ['min' => '7.4.0', 'exts' => ['curl' => ['required' => true], 'sodium' => ['required' => true]]],
        ],
    ];
}

function plugin_latchkeyexample_check_prerequisites()
{
    return true;
}

function plugin_latchkeyexample_check_config($verbose = false)
{
    return true;
}
