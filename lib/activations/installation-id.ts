/**
 * What gives a GLPI another installation ID, on its server and in its folder: where the setting is empty, GLPI makes itself
 * one at the next call (`Config::getUuid`, GLPI 9.5 and later).
 */
export const newInstallationId = "php bin/console config:set glpi_network_uuid ''"
