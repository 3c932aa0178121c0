// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the placeholders are the shell’s own
/*
 * The connectivity test that an administrator runs on a GLPI server: for a shell, and for PowerShell. It asks the portal
 * what time it is, as GLPI would, and prints one line (lib/activations/connectivity.ts reads it). It goes through the proxy
 * that GLPI has set; where GLPI's settings cannot be read, through that of the environment.
 */

/**
 * GLPI's own proxy, by its PHP: that stands in GLPI's database, and no command of GLPI 9.5 to 11 prints it. How to get there
 * is read from `config_db.php` as a text: whoever runs this is root as likely as not, and the web server may write that file.
 * The password is needed where the proxy asks for one, is decrypted as `GLPIKey` does, and is never printed by the test. No
 * single quote may stand in it, nor two blanks.
 */
const askGlpi = [
  'function s($t,$n){ return preg_match("~[$]".$n."\\s*=\\s*([\\"\\x27])(.*?)\\\\1\\s*;~s",$t,$m) ? stripslashes($m[2]) : ""; }',
  '$t=file_get_contents($argv[1]); list($h,$x)=explode(":",s($t,"dbhost").":"); mysqli_report(0); $c=mysqli_init();',
  '$c->options(MYSQLI_OPT_CONNECT_TIMEOUT,5); $port=(int)$x;',
  'if(!@$c->real_connect($h,s($t,"dbuser"),rawurldecode(s($t,"dbpassword")),s($t,"dbdefault"),$port ?: null,$port ? null : ($x ?: null))) exit(1);',
  '$r=$c->query("select name, value from glpi_configs where context = \\x27core\\x27 and name like \\x27proxy%\\x27");',
  'if(!$r) exit(1); $v=["proxy_name"=>"","proxy_port"=>"","proxy_user"=>"","proxy_passwd"=>""];',
  'while($w=$r->fetch_row()) $v[$w[0]]=(string)$w[1]; $p="";',
  'if($v["proxy_name"]!==""){ $u=""; if($v["proxy_user"]!==""){ $d=base64_decode($v["proxy_passwd"]); $n=substr($d,0,24);',
  '$k=@file_get_contents(dirname($argv[1])."/glpicrypt.key"); $s="";',
  'if(strlen($d)>24 && strlen($k)===32) $s=sodium_crypto_aead_xchacha20poly1305_ietf_decrypt(substr($d,24),$n,$n,$k);',
  '$u=rawurlencode($v["proxy_user"]).":".rawurlencode((string)$s)."@"; }',
  '$p="http://".$u.$v["proxy_name"].":".($v["proxy_port"] ?: 8080); } echo "glpi ".$p;',
].join(' ')

/** As it stands within double quotes of a shell. */
const quoted = (text: string) => text.replace(/[\\$"`]/g, '\\$&')

/**
 * By curl alone, for any POSIX shell. No single quote may stand in it: it is put between two. What failed, curl's exit
 * code tells, and where it ran out of time, which of its stages has none.
 */
const shellLines = [
  'u=$1/api/v1/time; g=; via=none; from=none; off=;',
  'for f in "${2:-.}/config/config_db.php" /var/www/html/glpi/config/config_db.php /var/www/glpi/config/config_db.php',
  '/etc/glpi/config_db.php; do if [ -r "$f" ]; then',
  `g=$(printf %s "<?php ${quoted(askGlpi)}" | php -- "$f" 2>/dev/null); case $g in "glpi "*) break;; esac; fi; done;`,
  'case $g in "glpi "*) from=glpi; p=${g#glpi };;',
  '*) p=${HTTPS_PROXY:-${https_proxy:-${HTTP_PROXY:-${http_proxy:-}}}}; if [ "$p" ]; then from=environment; fi;; esac;',
  'command -v curl >/dev/null || { echo "latchkey-test v1 curl=missing"; exit 1; };',
  'dns=ok; tcp=ok; tls=ok; proxy=none; answer=none; clock=unknown;',
  // By its environment: what stands in a command, everybody on the machine can read.
  'if [ "$p" ]; then proxy=ok; dns=skip; tcp=skip; export http_proxy="$p" https_proxy="$p";',
  'via=${p#*://}; via=${via##*@}; via=$(printf %s "${via%%/*}" | tr -cd "A-Za-z0-9.:_-"); else off="*"; fi;',
  'ask() { curl -s -m 20 --connect-timeout 10 --noproxy "$off" "$@"',
  '-w "~~%{time_namelookup} %{time_connect} %{time_appconnect} %{http_connect} %{http_code}" "$u"; };',
  'none() { case $1 in *[1-9]*) return 1;; esac; };',
  'o=$(ask); c=$?; set -- ${o##*~~}; name=$1; connect=$2; secure=$3; tunnel=$4; http=$5; o=${o%~~*};',
  'case $c in 0) ;; 5) proxy=name;; 6) dns=fail;;',
  '7) if [ "$p" ]; then proxy=connect; else tcp=refused; fi;;',
  '28) if none $name; then if [ "$p" ]; then proxy=name; else dns=fail; fi;',
  'elif none $connect; then if [ "$p" ]; then proxy=connect; else tcp=timeout; fi;',
  'elif none $secure; then tls=fail; fi;;',
  '51|60) tls=cert;; 97) proxy=refused;;',
  '*) if [ "$p" ] && [ "$tunnel" = 407 ]; then proxy=auth;',
  'elif [ "$p" ] && [ "$tunnel" != 000 ] && [ "$tunnel" != 200 ]; then proxy=refused;',
  'elif none $secure; then tls=fail; fi;; esac;',
  'case $u in http:*) tls=none;; esac;',
  'case $proxy in none|ok) ;; *) tls=skip;; esac; [ $dns = fail ] && tcp=skip;',
  'case $tcp in ok|skip) ;; *) tls=skip;; esac; [ $dns = fail ] && tls=skip;',
  // With the wrong time no certificate is good: the clock is read nevertheless, and nothing else is believed.
  'if [ $tls = cert ]; then t=$(ask -k); else t=$o;',
  'case $o in "") ;; *"\\"time\\":\\""*) answer=ok;; *"<"[hH!]*) answer=html;; *) answer=other;; esac; fi;',
  't=${t#*\\"time\\":\\"}; case $t in [0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T[0-9][0-9]:[0-9][0-9]:[0-9][0-9]*)',
  'set -- $(printf %s "$t" | cut -c1-19 | sed "s/[T:-]/ /g"); y=$1; m=${2#0};',
  'if [ $m -lt 3 ]; then y=$((y-1)); m=$((m+12)); fi;',
  'd=$((365*y+y/4-y/100+y/400+(153*(m-3)+2)/5+${3#0}-719469));',
  'clock=$(($(date -u +%s)-(d*86400+${4#0}*3600+${5#0}*60+${6#0})));',
  'case $clock in -*) ;; *) clock=+$clock;; esac; clock=${clock}s;; esac;',
  'echo "latchkey-test v1 dns=$dns tcp=$tcp tls=$tls proxy=$proxy via=$via from=$from http=$http answer=$answer clock=$clock"',
]

/** For Windows PowerShell 5.1 and later. No single quote but its own stands in it, since an address has none. */
const powerShellLines = [
  "$u=[Uri]'PORTAL/api/v1/time'; $g=''; $via='none'; $from='none';",
  "foreach($f in @(\"$env:GLPI_FOLDER\\config\\config_db.php\",'config\\config_db.php','C:\\inetpub\\wwwroot\\glpi\\config\\config_db.php','C:\\xampp\\htdocs\\glpi\\config\\config_db.php')){",
  'if($g -notlike "glpi*" -and (Test-Path $f) -and (Get-Command php -ErrorAction SilentlyContinue)){',
  `$g=[string]('<?php ${askGlpi}' | php -- $f 2>$null) } };`,
  "if($g -like 'glpi*'){ $from='glpi'; $p=$g.Substring(4).Trim(); [Net.WebRequest]::DefaultWebProxy=$null }",
  "else { $p=@($env:HTTPS_PROXY,$env:HTTP_PROXY | Where-Object {$_})[0]; if($p){ $from='environment' } };",
  "if($p){ $way=[Uri]$p; $via=$way.Host+':'+$way.Port };",
  "$dns='ok'; $tcp='ok'; $tls='ok'; $proxy='none'; $http='000'; $answer='none'; $clock='unknown'; $o='';",
  '[Net.ServicePointManager]::SecurityProtocol=[Net.ServicePointManager]::SecurityProtocol -bor 3072;',
  "if($p){ $dns='skip'; $tcp='skip'; $proxy='ok' } else {",
  "try { [void][Net.Dns]::GetHostAddresses($u.Host) } catch { $dns='fail'; $tcp='skip'; $tls='skip' };",
  "if($dns -eq 'ok'){ $c=New-Object Net.Sockets.TcpClient;",
  "try { if(-not $c.ConnectAsync($u.Host,$u.Port).Wait(10000)){ $tcp='timeout'; $tls='skip' } }",
  "catch { $tcp='refused'; $tls='skip' } };",
  "if($tcp -eq 'ok' -and $u.Scheme -eq 'https'){",
  // What accepts and never answers would be waited for without an end.
  'try { $w=$c.GetStream(); $w.ReadTimeout=20000; (New-Object Net.Security.SslStream($w)).AuthenticateAsClient($u.Host) }',
  'catch { $e=$_.Exception; while($e.InnerException){ $e=$e.InnerException };',
  "if($_.Exception.ToString() -match 'AuthenticationException'){ $tls='cert' } else { $tls='fail' } } } };",
  "if($u.Scheme -eq 'http'){ $tls='none' };",
  "if($dns -ne 'fail' -and $tcp -in 'ok','skip' -and $tls -in 'ok','none'){",
  '$a=@{Uri=$u; UseBasicParsing=$true; TimeoutSec=20}; if($p){ $a.Proxy=$way.Scheme+"://"+$via;',
  'if($way.UserInfo){ $name,$word=$way.UserInfo.Split(":",2) | ForEach-Object { [Uri]::UnescapeDataString($_) };',
  'if($word){ $a.ProxyCredential=New-Object Management.Automation.PSCredential($name,(ConvertTo-SecureString $word -AsPlainText -Force)) } } };',
  'try { $r=Invoke-WebRequest @a; $http=[int]$r.StatusCode; $o=[string]$r.Content }',
  'catch { if($_.Exception.Response){ $http=[int]$_.Exception.Response.StatusCode };',
  "$m=$_.Exception.ToString(); if($m -match 'ProxyNameResolution'){ $proxy='name' }",
  "elseif($m -match '407'){ $proxy='auth' } elseif($p -and $m -match 'ConnectFailure|SocketException'){ $proxy='connect' }",
  "elseif($p -and $http -eq '000'){ $proxy='refused' } } };",
  "if($o){ $answer='other' }; if($o -match '<[hH!]'){ $answer='html' };",
  'if($o -match \'"time":"([^"]{19,30})"\'){',
  "$answer='ok'; $s=[int]([DateTimeOffset]::UtcNow-[DateTimeOffset]::Parse($Matches[1])).TotalSeconds;",
  "$clock='{0:+0;-0;+0}s' -f $s };",
  '"latchkey-test v1 dns=$dns tcp=$tcp tls=$tls proxy=$proxy via=$via from=$from http=$http answer=$answer clock=$clock"',
]

/**
 * The test as one command each, to be copied.
 * @param portal the address that a GLPI asks, such as `https://portal.example.com`
 */
export function connectivityCommands(portal: string): { shell: string; powerShell: string } {
  return {
    // GLPI's folder may be said behind it.
    shell: `sh -c '${shellLines.join(' ')}' sh ${portal}`,
    powerShell: `& { ${powerShellLines.join(' ').replace('PORTAL', portal)} }`,
  }
}
