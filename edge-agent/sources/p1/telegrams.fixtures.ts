/**
 * Telegrams made up after the P1 companion standard (DSMR 5.0.2), Fluvius' e-MUCS and DSMR 2.2; their checksums were worked
 * out by another program, bit by bit.
 */
function telegram(text: string): string {
  return `${text.trim().replaceAll('\n', '\r\n')}\r\n`;
}

export const DUTCH = telegram(`
/WEIR5\\253833635_A

1-3:0.2.8(50)
0-0:1.0.0(240127101506W)
0-0:96.1.1(4531323334353637383930313233)
1-0:1.8.1(004512.381*kWh)
1-0:1.8.2(003127.004*kWh)
1-0:2.8.1(000000.000*kWh)
0-0:96.14.0(0002)
1-0:1.7.0(00.431*kW)
1-0:99.97.0(1)(0-0:96.7.19)(231104081523W)(0000001842*s)
1-0:32.7.0(231.4*V)
0-1:24.1.0(003)
0-1:96.1.0(4730303339303031)
0-1:24.2.1(240127101000W)(02311.874*m3)
!A712
`);

/** In summer, with the month's peak, and a gas meter that was never connected. */
export const BELGIAN = telegram(`
/WEB5\\253769484_A

0-0:96.1.4(50217)
0-0:96.1.1(3153414733313030303030323331)
0-0:1.0.0(240727101506S)
1-0:1.8.1(000912.117*kWh)
1-0:1.4.0(02.351*kW)
1-0:1.6.0(240717181500S)(03.695*kW)
0-1:24.2.3(240727101002S)(00112.384*m3)
0-2:24.2.1(632525252525S)(00000.000)
!C0D6
`);

/** Of 2010, without checksum and time, its gas on two lines. */
export const OLD = telegram(`
/WEIR3 old

0-0:96.1.1(4B38)
1-0:1.8.1(00185.000*kWh)
0-1:24.3.0(100115120000)(00)(60)(1)(0-1:24.2.1)(m3)
(00412.378)
!
`);
