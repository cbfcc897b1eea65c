export const OPR_NAMESPACE = 'http://www.hp.com/2009/software/opr/data_model';
export const XS_NAMESPACE = 'http://www.w3.org/2001/XMLSchema';
export const XSI_NAMESPACE = 'http://www.w3.org/2001/XMLSchema-instance';
export const XML_NAMESPACE = 'http://www.w3.org/XML/1998/namespace';
export const XMLNS_NAMESPACE = 'http://www.w3.org/2000/xmlns/';

/** The attributes of that namespace which the reader acts on, at an element of the model, and does not keep. */
export const XSI_READ: ReadonlySet<string> = new Set(['type', 'nil']);
